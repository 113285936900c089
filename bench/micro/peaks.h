// What this core can do at best, measured in the same run as the kernels that are held against it:
// loops of instructions that depend on nothing but themselves. The figure is the best of several
// short tries, since whatever else runs on the machine can only lower it.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rowmill::bench {

// Seconds of processor time of this thread: what other processes take does not count.
inline double ThreadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The best rate of `tries` calls of `work`, each of which does `amount`.
template <typename Work>
double BestRate(double amount, int tries, Work work) {
  double best = 0.0;
  for (int i = 0; i < tries; ++i) {
    const double start = ThreadSeconds();
    work();
    best = std::max(best, amount / (ThreadSeconds() - start));
  }
  return best;
}

// Cycles per second: a chain of dependent additions takes one each, everywhere.
inline double MeasureHertz() {
  constexpr int kSteps = 1 << 20;
  return BestRate(kSteps, 9, [] {
    uint64_t x = 0;
    for (int i = 0; i < kSteps / 8; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        x += 1;
        asm volatile("" : "+r"(x));
      }
    }
  });
}

#if defined(__x86_64__)

// Twelve independent chains are more than latency times throughput. Assembly, because a compiler
// sees that sums of constants need no loop.
#define ROWMILL_PEAK_STEP(instruction, sum) instruction " %%zmm30, %%zmm31, %%zmm" #sum "\n\t"
#define ROWMILL_PEAK_LOOP(i)                                                                     \
  asm volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31\n\t" ::     \
                   : "xmm30", "xmm31");                                                          \
  for (int repeat = 0; repeat < kPeakRepeats; ++repeat) {                                        \
    asm volatile(ROWMILL_PEAK_STEP(i, 0) ROWMILL_PEAK_STEP(i, 1) ROWMILL_PEAK_STEP(i, 2)         \
                     ROWMILL_PEAK_STEP(i, 3) ROWMILL_PEAK_STEP(i, 4) ROWMILL_PEAK_STEP(i, 5)     \
                         ROWMILL_PEAK_STEP(i, 6) ROWMILL_PEAK_STEP(i, 7) ROWMILL_PEAK_STEP(i, 8) \
                             ROWMILL_PEAK_STEP(i, 9) ROWMILL_PEAK_STEP(i, 10)                    \
                                 ROWMILL_PEAK_STEP(i, 11)::                                      \
                                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",   \
                                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11");                \
  }

inline constexpr int kPeakRepeats = 50000;

__attribute__((target("avx512f"))) inline void RunVpdpbusd() { ROWMILL_PEAK_LOOP("vpdpbusd"); }
__attribute__((target("avx512f"))) inline void RunFma() { ROWMILL_PEAK_LOOP("vfmadd231ps"); }

#undef ROWMILL_PEAK_LOOP
#undef ROWMILL_PEAK_STEP

// Multiply-accumulates of bytes per second by VPDPBUSD, and of floats by 512-bit fused
// multiply-adds; 0 where the CPU has none.
inline double MeasureVnniMacs() {
  if (!__builtin_cpu_supports("avx512vnni")) return 0.0;
  return BestRate(64.0 * 12 * kPeakRepeats, 9, RunVpdpbusd);
}
inline double MeasureFmaMacs() {
  if (!__builtin_cpu_supports("avx512f")) return 0.0;
  return BestRate(16.0 * 12 * kPeakRepeats, 9, RunFma);
}

#else

inline double MeasureVnniMacs() { return 0.0; }
inline double MeasureFmaMacs() { return 0.0; }

#endif

// Bytes per second from memory: a buffer that no cache holds, read a line at a time, as many
// streams at once as a core's prefetchers follow.
inline double MeasureReadBytes() {
  constexpr size_t kStreams = 8;
  const size_t words = (size_t{256} << 20) / sizeof(uint64_t);
  static const std::vector<uint64_t> data(words, 1);
  return BestRate(static_cast<double>(words * sizeof(uint64_t)), 3, [] {
    uint64_t sums[kStreams] = {};
    const size_t part = words / kStreams;
    for (size_t i = 0; i < part; i += 8) {
      for (size_t s = 0; s < kStreams; ++s) {
        const uint64_t* line = data.data() + s * part + i;
        __builtin_prefetch(line + 256);
        sums[s] += *line;
      }
    }
    for (uint64_t& sum : sums) asm volatile("" : "+r"(sum));
  });
}

struct Peaks {
  double hertz = MeasureHertz();
  double vnni_macs = MeasureVnniMacs();
  double fma_macs = MeasureFmaMacs();
  double read_bytes = MeasureReadBytes();
};

inline const Peaks& MachinePeaks() {
  static const Peaks peaks;
  return peaks;
}

}  // namespace rowmill::bench
