// The machine's arithmetic and memory peaks, from loops that do nothing else: what the other
// micro-benchmarks are measured against. Single thread.
#include <cstdint>
#include <numeric>
#include <vector>

#include "benchmark/benchmark.h"

namespace {

#if defined(__x86_64__)

constexpr int kChains = 12;  // independent, more than latency times throughput
constexpr int kRepeats = 1000;

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

void SetRate(benchmark::State& state, double macs_per_instruction) {
  const double instructions = static_cast<double>(state.iterations()) * kRepeats * kChains;
  state.counters["GMAC/s"] =
      benchmark::Counter(instructions * macs_per_instruction * 1e-9, benchmark::Counter::kIsRate);
}

__attribute__((target("avx512f"))) void BM_Vpdpbusd(benchmark::State& state) {
  if (!__builtin_cpu_supports("avx512vnni")) return state.SkipWithError("no AVX512-VNNI");
  ROWMILL_CLEAR_OPERANDS();
  for (auto _ : state) {
    for (int i = 0; i < kRepeats; ++i) ROWMILL_ALL_CHAINS("vpdpbusd");
  }
  SetRate(state, 64);
}
BENCHMARK(BM_Vpdpbusd);

__attribute__((target("avx512f"))) void BM_Fma512(benchmark::State& state) {
  if (!__builtin_cpu_supports("avx512f")) return state.SkipWithError("no AVX-512");
  ROWMILL_CLEAR_OPERANDS();
  for (auto _ : state) {
    for (int i = 0; i < kRepeats; ++i) ROWMILL_ALL_CHAINS("vfmadd231ps");
  }
  SetRate(state, 16);
}
BENCHMARK(BM_Fma512);

#endif

// Cycles of the core's clock per second: a chain of dependent additions, one per cycle everywhere.
void BM_Clock(benchmark::State& state) {
  constexpr int kSteps = 8000;
  for (auto _ : state) {
    uint64_t x = 0;
    for (int i = 0; i < kSteps / 8; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        x += 1;
        asm volatile("" : "+r"(x));
      }
    }
    benchmark::DoNotOptimize(x);
  }
  const double cycles = static_cast<double>(state.iterations()) * kSteps;
  state.counters["GHz"] = benchmark::Counter(cycles * 1e-9, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Clock);

// Sequential reads of `range(0)` KiB, again and again.
void BM_Read(benchmark::State& state) {
  const size_t n = static_cast<size_t>(state.range(0)) * 1024 / sizeof(uint64_t);
  const std::vector<uint64_t> data(n, 1);
  for (auto _ : state) {
    uint64_t sums[8] = {};
    for (size_t i = 0; i + 8 <= n; i += 8) {
      for (size_t j = 0; j < 8; ++j) sums[j] += data[i + j];
    }
    uint64_t sum = std::accumulate(sums, sums + 8, uint64_t{0});
    benchmark::DoNotOptimize(sum);
  }
  const double bytes = static_cast<double>(state.iterations()) * static_cast<double>(n) * 8;
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Read)->Arg(16)->Arg(512)->Arg(8 << 10)->Arg(256 << 10);

}  // namespace

BENCHMARK_MAIN();
