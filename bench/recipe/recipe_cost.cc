// What the promise of the same bytes costs: the same work with the table that is bound to the
// recipe and with free_kernels.h, in turns.
//
//   recipe_cost MODEL.gguf [ROUNDS [prefill|classify|decode]]
//
// Seconds of the units (engine/benchmark.h), on as many units as there are cores. What was not
// tried, and why, is in docs/benchmarks.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "engine/benchmark.h"
#include "formats/model_file.h"
#include "kernels/dispatch.h"
#include "models/model.h"
#include "recipe/free_kernels.h"

namespace rowmill {
namespace {

using kernels::KernelTable;

std::vector<float> Random(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(n);
  for (float& value : values) {
    value = static_cast<float>(static_cast<int32_t>(random() >> 32)) * 0x1p-31f;
  }
  return values;
}

// Attention of `num_rows` queries over as many keys, each seeing those up to its own.
std::vector<float> Attend(const KernelTable& table, size_t num_rows) {
  constexpr size_t kDim = 64;
  const size_t num_blocks = (num_rows + kernels::kKeyBlock - 1) / kernels::kKeyBlock;
  std::vector<uint16_t> keys(num_blocks * kernels::kKeyBlock * kDim), values(keys.size());
  const std::vector<float> key = Random(num_rows * kDim, 1), value = Random(num_rows * kDim, 2);
  const std::vector<float> query = Random(num_rows * kDim, 3);
  std::vector<float> states(num_rows * (kDim + kernels::kStateExtra)), out(num_rows * kDim);
  std::vector<const float*> queries;
  std::vector<float*> state_rows, outputs;
  std::vector<uint32_t> begin(num_rows, 0), end;
  for (size_t row = 0; row < num_rows; ++row) {
    const size_t offset = row / kernels::kKeyBlock * kernels::kKeyBlock * kDim;
    table.store_kv(key.data() + row * kDim, value.data() + row * kDim, kDim,
                   row % kernels::kKeyBlock, keys.data() + offset, values.data() + offset);
    queries.push_back(query.data() + row * kDim);
    state_rows.push_back(states.data() + row * (kDim + kernels::kStateExtra));
    state_rows.back()[kDim + 16] = -INFINITY;
    outputs.push_back(out.data() + row * kDim);
    end.push_back(static_cast<uint32_t>(row + 1));
  }
  table.attend({keys.data(), values.data(), num_blocks, kDim, num_rows, queries.data(),
                state_rows.data(), begin.data(), end.data()});
  table.attend_finish(state_rows.data(), outputs.data(), num_rows, kDim);
  return out;
}

double LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= largest)) largest = difference;  // NaN too
  }
  return largest;
}

// That the free kernels compute the same things, within what bf16 keeps. Throws otherwise.
void Check(const KernelTable& bound, const KernelTable& free) {
  const auto expect = [](const char* what, double difference, double limit) {
    if (!(difference <= limit)) {
      throw std::runtime_error(fmt::format("{}: differs by {}", what, difference));
    }
  };
  for (const size_t rows : {1, 3, 31, 64, 203}) {
    expect("attend", LargestDifference(Attend(bound, rows), Attend(free, rows)), 0.01);
  }
  constexpr size_t kN = 576;
  const std::vector<float> x = Random(kN, 4), w = Random(kN, 5);
  std::vector<float> a(kN), b(kN);
  bound.swiglu(x.data(), w.data(), a.data(), kN);
  free.swiglu(x.data(), w.data(), b.data(), kN);
  expect("swiglu", LargestDifference(a, b), 1e-5);
  bound.rms_norm(x.data(), w.data(), a.data(), 1, kN, 1e-5f);
  free.rms_norm(x.data(), w.data(), b.data(), 1, kN, 1e-5f);
  expect("rms_norm", LargestDifference(a, b), 1e-5);
  expect("sum_exp", std::fabs(bound.sum_exp(x.data(), kN, 1.0f) - free.sum_exp(x.data(), kN, 1.0f)),
         1e-2);
  std::vector<int8_t> codes[2] = {std::vector<int8_t>(kN), std::vector<int8_t>(kN)};
  std::vector<float> scales[2] = {std::vector<float>(kN / 32), std::vector<float>(kN / 32)};
  std::vector<int16_t> sums[2] = {std::vector<int16_t>(kN / 16), std::vector<int16_t>(kN / 16)};
  bound.quantize_rows(x.data(), 1, kN, {codes[0].data(), scales[0].data(), sums[0].data()});
  free.quantize_rows(x.data(), 1, kN, {codes[1].data(), scales[1].data(), sums[1].data()});
  int most = 0;
  for (size_t i = 0; i < kN; ++i) most = std::max(most, std::abs(codes[0][i] - codes[1][i]));
  for (size_t i = 0; i < kN / 16; ++i) {
    if (std::abs(sums[0][i] - sums[1][i]) > 16) most = 128;
  }
  expect("quantize_rows", most, 1);
  expect("scales", LargestDifference(scales[0], scales[1]), 1e-7);
}

struct Work {
  const char* name;
  size_t sequences, prompt_tokens, shared_tokens;
  uint32_t new_tokens;
  bool less_first;  // the time with all tokens less that with one
};
constexpr Work kWorks[] = {
    {"prefill, 64 prompts of 200 tokens", 64, 200, 0, 1, false},
    {"classify, 128 rows of 318 tokens, 246 shared", 128, 318, 246, 1, false},
    {"decode, 64 sequences after 200 tokens", 64, 200, 0, 33, true},
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Seconds(const Decoder& model, const KernelTable& table, const Work& work, size_t num_units) {
  const auto prompts =
      RandomPrompts(work.sequences, work.prompt_tokens, work.shared_tokens, model.vocab_size());
  BenchmarkOptions options;
  options.num_units = num_units;
  options.unit.draft_tokens = 0;
  options.new_tokens = work.new_tokens;
  const double seconds = RunBenchmark(model, table, prompts, options).seconds;
  if (!work.less_first) return seconds;
  options.new_tokens = 1;
  return seconds - RunBenchmark(model, table, prompts, options).seconds;
}

void Run(const std::string& path, size_t rounds, const std::string& chosen) {
  const CpuFeatures features = DetectCpuFeatures();
  if (!features.avx512_bf16) throw std::runtime_error("this CPU has no AVX-512 BF16");
  const auto num_units = static_cast<size_t>(DetectCpuTopology().usable_cores);
  const KernelTable& bound = kernels::SelectTable(features, "avx512_vnni");
  const KernelTable free = kernels::FreeTable(bound);
  Check(bound, free);
  const ModelFile file = ModelFile::Open(path);
  ThreadTeam team(num_units);
  LoadOptions load;
  load.kernels = &bound;
  const std::unique_ptr<Decoder> bound_model = LoadDecoder(file, load, team);
  load.kernels = &free;
  const std::unique_ptr<Decoder> free_model = LoadDecoder(file, load, team);
  fmt::print("| work | bound, s | free, s | bound / free |\n| --- | ---: | ---: | ---: |\n");
  for (const Work& work : kWorks) {
    if (!std::string(work.name).starts_with(chosen)) continue;
    std::vector<double> with_recipe, without, ratios;
    Seconds(*bound_model, bound, work, num_units);  // Warms caches and memory.
    for (size_t round = 0; round < rounds; ++round) {
      with_recipe.push_back(Seconds(*bound_model, bound, work, num_units));
      without.push_back(Seconds(*free_model, free, work, num_units));
      ratios.push_back(with_recipe.back() / without.back());
    }
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    fmt::print("| {} | {:.2f} | {:.2f} | {:.3f} ({:.3f} to {:.3f}) |\n", work.name,
               Median(with_recipe), Median(without), Median(ratios), *low, *high);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace rowmill

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: recipe_cost MODEL.gguf [ROUNDS [prefill|classify|decode]]\n");
    return 2;
  }
  try {
    rowmill::Run(argv[1], argc > 2 ? static_cast<size_t>(std::atoi(argv[2])) : 3,
                 argc > 3 ? argv[3] : "");
  } catch (const std::exception& error) {
    fmt::print(stderr, "recipe_cost: {}\n", error.what());
    return 1;
  }
}
