// Attention over one key/value head: R query rows against a segment of keys, as the prefix phase
// (all rows see all keys) and as the row's own phase (causal) call it. GMAC/s counts scores and
// values, 2 * d per row and visible key. Single thread; the table that ROWMILL_ISA names, or the
// best.
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cpu.h"
#include "base/float16.h"
#include "benchmark/benchmark.h"
#include "kernels/dispatch.h"

namespace rowmill::kernels {
namespace {

const KernelTable& Table() {
  const char* isa = std::getenv("ROWMILL_ISA");
  return SelectTable(DetectCpuFeatures(), isa == nullptr ? "" : isa);
}

enum class Phase : uint8_t {
  kPrefix,  // every row sees every key
  kCausal,  // three heads per token, tokens at the end of the segment
};

struct Case {
  Phase phase;
  size_t rows, keys, head_dim;
};

float Unit(std::mt19937_64& random) {
  return static_cast<float>(static_cast<int32_t>(random() >> 32)) * 0x1p-31f;
}

void Run(benchmark::State& state, const Case& c) {
  const KernelTable& table = Table();
  const size_t d = c.head_dim;
  const size_t num_blocks = (c.keys + kKeyBlock - 1) / kKeyBlock;
  std::mt19937_64 random(1);
  AlignedBuffer<uint16_t> keys(num_blocks * kKeyBlock * d), values(num_blocks * kKeyBlock * d);
  for (uint16_t& key : keys.span()) key = F32ToF16(Unit(random));
  for (uint16_t& value : values.span()) value = F32ToF16(Unit(random));
  AlignedBuffer<float> queries(c.rows * d), states(c.rows * (d + kStateExtra));
  for (float& query : queries.span()) query = Unit(random) * 0.3f;
  std::vector<const float*> query_rows;
  std::vector<float*> state_rows;
  std::vector<uint32_t> begin(c.rows, 0), end;
  double visible = 0;
  for (size_t row = 0; row < c.rows; ++row) {
    query_rows.push_back(queries.data() + row * d);
    state_rows.push_back(states.data() + row * (d + kStateExtra));
    const size_t later_tokens = c.phase == Phase::kCausal ? (c.rows - 1 - row) / 3 : 0;
    end.push_back(static_cast<uint32_t>(c.keys - later_tokens));
    visible += static_cast<double>(end.back());
  }
  for (auto _ : state) {
    for (float* row : state_rows) {
      for (size_t i = 0; i < d + 16; ++i) row[i] = 0;
      row[d + 16] = -std::numeric_limits<float>::infinity();
    }
    table.attend({keys.data(), values.data(), num_blocks, d, c.rows, query_rows.data(),
                  state_rows.data(), begin.data(), end.data()});
    benchmark::ClobberMemory();
  }
  const double macs =
      static_cast<double>(state.iterations()) * visible * 2 * static_cast<double>(d);
  state.counters["GMAC/s"] = benchmark::Counter(macs * 1e-9, benchmark::Counter::kIsRate);
}

void RegisterAll() {
  const Case cases[] = {
      {Phase::kPrefix, 1, 1024, 64},   {Phase::kPrefix, 3, 1024, 64},
      {Phase::kPrefix, 24, 1024, 64},  {Phase::kPrefix, 192, 400, 64},
      {Phase::kPrefix, 192, 1024, 64}, {Phase::kPrefix, 192, 400, 128},
      {Phase::kPrefix, 192, 400, 256}, {Phase::kCausal, 180, 60, 64},
      {Phase::kCausal, 768, 256, 64},  {Phase::kCausal, 180, 60, 128},
  };
  for (const Case& c : cases) {
    const std::string name = std::string(c.phase == Phase::kCausal ? "causal" : "prefix") +
                             "/rows" + std::to_string(c.rows) + "/keys" + std::to_string(c.keys) +
                             "/d" + std::to_string(c.head_dim);
    benchmark::RegisterBenchmark(name.c_str(), [c](benchmark::State& state) { Run(state, c); });
  }
}

}  // namespace
}  // namespace rowmill::kernels

int main(int argc, char** argv) {
  rowmill::kernels::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
