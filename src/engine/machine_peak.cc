#include "engine/machine_peak.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepeats = 20000;
constexpr int kChains = 12;  // independent, more than latency times throughput
constexpr auto kTime = std::chrono::milliseconds(60);

#if defined(__x86_64__)

// One instruction per chain, on registers alone. Assembly, because a compiler sees that sums of
// constants need no loop.
#define ROWMILL_CHAIN(instruction, sum) instruction " %%zmm30, %%zmm31, %%zmm" #sum "\n\t"
#define ROWMILL_ALL_CHAINS(i)                                                                      \
  asm volatile(ROWMILL_CHAIN(i, 0) ROWMILL_CHAIN(i, 1) ROWMILL_CHAIN(i, 2) ROWMILL_CHAIN(i, 3)     \
                   ROWMILL_CHAIN(i, 4) ROWMILL_CHAIN(i, 5) ROWMILL_CHAIN(i, 6) ROWMILL_CHAIN(i, 7) \
                       ROWMILL_CHAIN(i, 8) ROWMILL_CHAIN(i, 9) ROWMILL_CHAIN(i, 10)                \
                           ROWMILL_CHAIN(i, 11)::                                                  \
                               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",   \
                                 "xmm8", "xmm9", "xmm10", "xmm11", "xmm30", "xmm31")
#define ROWMILL_CLEAR_OPERANDS()                                                         \
  asm volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31" :: \
                   : "xmm30", "xmm31")

__attribute__((target("avx512f"))) double Int8Instructions() {
  ROWMILL_CLEAR_OPERANDS();
  for (int i = 0; i < kRepeats; ++i) ROWMILL_ALL_CHAINS("vpdpbusd");
  return 64.0 * kRepeats * kChains;
}

__attribute__((target("avx512f"))) double F32Instructions() {
  ROWMILL_CLEAR_OPERANDS();
  for (int i = 0; i < kRepeats; ++i) ROWMILL_ALL_CHAINS("vfmadd231ps");
  return 16.0 * kRepeats * kChains;
}

#undef ROWMILL_CHAIN
#undef ROWMILL_ALL_CHAINS
#undef ROWMILL_CLEAR_OPERANDS

bool HasInt8() { return __builtin_cpu_supports("avx512vnni") != 0; }
bool HasF32() { return __builtin_cpu_supports("avx512f") != 0; }

#else

double Int8Instructions() { return 0.0; }
double F32Instructions() { return 0.0; }
bool HasInt8() { return false; }
bool HasF32() { return false; }

#endif

// Sums a slice of memory in so many streams side by side, a cache line of each in turn; returns the
// bytes read. Some machines read fastest in one stream, some keep more lines on their way in
// several.
template <size_t kStreams>
double ReadSlice(const uint64_t* data, size_t n) {
  constexpr size_t kLine = 64 / sizeof(uint64_t);
  constexpr size_t kAhead = 16 * kLine;  // what is asked for is used before it is thrown out again
  const size_t part = n / kStreams / kLine * kLine;
  std::array<uint64_t, kLine> sums{};
  for (size_t i = 0; i < part; i += kLine) {
    for (size_t stream = 0; stream < kStreams; ++stream) {
      const uint64_t* line = data + stream * part + i;
      if (kStreams > 1) __builtin_prefetch(line + kAhead);
      for (size_t j = 0; j < kLine; ++j) sums[j] += line[j];
    }
  }
  uint64_t sum = std::accumulate(sums.begin(), sums.end(), uint64_t{0});
  asm volatile("" : "+r"(sum));
  return static_cast<double>(kStreams * part * sizeof(uint64_t));
}

// Runs body(thread) on all threads again and again for kTime, and adds up what it returns, per
// second.
template <typename Body>
double RateOf(size_t num_threads, const Body& body) {
  std::vector<double> rates(num_threads, 0.0);
  std::atomic<size_t> ready{0};
  const auto run = [&](size_t thread) {
    ready.fetch_add(1);
    while (ready.load() < num_threads) std::this_thread::yield();
    const Clock::time_point start = Clock::now();
    double done = 0.0;
    while (Clock::now() - start < kTime) done += body(thread);
    rates[thread] = done / std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<std::thread> threads;
  for (size_t thread = 1; thread < num_threads; ++thread) threads.emplace_back(run, thread);
  run(0);
  for (std::thread& thread : threads) thread.join();
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

}  // namespace

MachinePeak MeasurePeak(size_t num_threads) {
  num_threads = std::max<size_t>(1, num_threads);
  MachinePeak peak;
  if (HasInt8()) peak.int8_macs = RateOf(num_threads, [](size_t) { return Int8Instructions(); });
  if (HasF32()) peak.f32_macs = RateOf(num_threads, [](size_t) { return F32Instructions(); });
  constexpr size_t kWords = (size_t{128} << 20) / sizeof(uint64_t);
  const std::vector<uint64_t> memory(kWords, 1);
  const size_t slice = kWords / num_threads;
  const auto read = [&](auto reader) {
    return RateOf(num_threads,
                  [&](size_t thread) { return reader(memory.data() + thread * slice, slice); });
  };
  peak.read_bytes = std::max({read(ReadSlice<1>), read(ReadSlice<4>), read(ReadSlice<8>)});
  return peak;
}

}  // namespace rowmill
