// What surrounds the products, for 64 rows of SmolLM2-135M: nanoseconds per row and elements per
// second. Single thread; the table that ROWMILL_ISA names, or the best.
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "benchmark/benchmark.h"
#include "kernels/dispatch.h"

namespace rowmill::kernels {
namespace {

constexpr size_t kRows = 64;
constexpr size_t kModelDim = 576;
constexpr size_t kFfnDim = 1536;
constexpr size_t kVocabulary = 49152;

const KernelTable& Table() {
  const char* isa = std::getenv("ROWMILL_ISA");
  return SelectTable(DetectCpuFeatures(), isa == nullptr ? "" : isa);
}

std::vector<float> Inputs(size_t n) {
  std::mt19937_64 random(2);
  std::vector<float> x(n);
  for (float& value : x) {
    value = static_cast<float>(static_cast<int32_t>(random() >> 32)) * 0x1p-31f;
  }
  return x;
}

void SetElements(benchmark::State& state, size_t per_call) {
  const double elements = static_cast<double>(state.iterations()) * static_cast<double>(per_call);
  state.counters["Gelement/s"] = benchmark::Counter(elements * 1e-9, benchmark::Counter::kIsRate);
}

void BM_QuantizeRows(benchmark::State& state) {
  const std::vector<float> x = Inputs(kRows * kModelDim);
  std::vector<int8_t> codes(x.size());
  std::vector<float> scales(x.size() / kBlockK);
  std::vector<int16_t> sums(x.size() / 16);
  const KernelTable& table = Table();
  for (auto _ : state) {
    table.quantize_rows(x.data(), kRows, kModelDim, {codes.data(), scales.data(), sums.data()});
    benchmark::ClobberMemory();
  }
  SetElements(state, x.size());
}
BENCHMARK(BM_QuantizeRows);

void BM_RmsNorm(benchmark::State& state) {
  const std::vector<float> x = Inputs(kRows * kModelDim), w = Inputs(kModelDim);
  std::vector<float> y(x.size());
  const KernelTable& table = Table();
  for (auto _ : state) {
    table.rms_norm(x.data(), w.data(), y.data(), kRows, kModelDim, 1e-5f);
    benchmark::ClobberMemory();
  }
  SetElements(state, x.size());
}
BENCHMARK(BM_RmsNorm);

void BM_Rope(benchmark::State& state) {
  std::vector<float> x = Inputs(kModelDim);
  const std::vector<float> cosines(32, 0.8f), sines(32, 0.6f);
  const KernelTable& table = Table();
  for (auto _ : state) {
    table.rope({x.data(), 9, 64, 64, cosines.data(), sines.data()});
    benchmark::ClobberMemory();
  }
  SetElements(state, x.size());
}
BENCHMARK(BM_Rope);

void BM_SwiGlu(benchmark::State& state) {
  const std::vector<float> gate = Inputs(kRows * kFfnDim), up = gate;
  std::vector<float> y(gate.size());
  const KernelTable& table = Table();
  for (auto _ : state) {
    table.swiglu(gate.data(), up.data(), y.data(), y.size());
    benchmark::ClobberMemory();
  }
  SetElements(state, y.size());
}
BENCHMARK(BM_SwiGlu);

void BM_StoreKv(benchmark::State& state) {
  const std::vector<float> key = Inputs(64), value = key;
  std::vector<uint16_t> keys(64 * kKeyBlock), values(64 * kKeyBlock);
  size_t slot = 0;
  const KernelTable& table = Table();
  for (auto _ : state) {
    table.store_kv(key.data(), value.data(), 64, slot++ % kKeyBlock, keys.data(), values.data());
    benchmark::ClobberMemory();
  }
  SetElements(state, 128);
}
BENCHMARK(BM_StoreKv);

void BM_LogSumExp(benchmark::State& state) {
  const std::vector<float> x = Inputs(kVocabulary);
  const KernelTable& table = Table();
  for (auto _ : state) {
    const float max = table.max_value(x.data(), x.size());
    benchmark::DoNotOptimize(table.sum_exp(x.data(), x.size(), max));
  }
  SetElements(state, x.size());
}
BENCHMARK(BM_LogSumExp);

}  // namespace
}  // namespace rowmill::kernels

BENCHMARK_MAIN();
