#include "engine/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

// Under a sanitizer time and memory are the sanitizer's own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

PreparedInput Row(const Tokens& tokens, RowStatus status = RowStatus::kOk) {
  return {.status = status, .tokens = tokens};
}

TEST(PlannerTest, ARowMayBeSeveralInputs) {
  Planner planner(ScratchFolder(), 10);
  const Tokens question = {1, 2, 3};
  const Tokens other = {1, 2, 4};
  EXPECT_EQ(planner.Add(Row(question)), 10u);
  const std::vector<PreparedInput> two = {Row(question), Row(other, RowStatus::kTruncated)};
  EXPECT_EQ(planner.next_input(), 11u);
  EXPECT_EQ(planner.Add(two), 11u);
  EXPECT_EQ(planner.next_input(), 13u);
  EXPECT_EQ(planner.Add(Row({}, RowStatus::kInvalid)), 12u);
  EXPECT_THROW(planner.Add(std::span<const PreparedInput>()), InternalError);
  const Plan plan = std::move(planner).Finish({});
  EXPECT_EQ(plan.summary.rows, 3u);
  EXPECT_THAT(plan.summary.rows_by_status, ElementsAre(1, 1, 1, 0, 0));
  EXPECT_EQ(plan.summary.inputs, 4u);
  EXPECT_EQ(plan.summary.duplicate_inputs, 1u);
  EXPECT_EQ(plan.summary.inputs_to_run, 2u);
  EXPECT_EQ(plan.inputs.FirstInput(11), 11u);
  EXPECT_EQ(plan.inputs.NumInputs(11), 2u);
  EXPECT_EQ(plan.inputs.RowOf(12), 11u);
  EXPECT_EQ(plan.rows[11].representative, 10u);
  EXPECT_EQ(plan.rows[12].status, RowStatus::kTruncated);
}

TEST(PlannerTest, CountsWhatThePlanPrints) {
  Planner planner(ScratchFolder());
  Tokens shared(50, 1);
  for (int32_t i = 0; i < 10; ++i) {
    Tokens row = shared;
    row.insert(row.end(), static_cast<size_t>(i + 1), 100 + i);
    EXPECT_EQ(planner.Add(Row(row, i == 4 ? RowStatus::kTruncated : RowStatus::kOk)),
              static_cast<uint64_t>(i));
  }
  planner.Add(Row({}, RowStatus::kInvalid));
  planner.Add(Row({}, RowStatus::kInvalid));
  planner.Add(Row({1, 2, 3}, RowStatus::kError));
  Tokens duplicate(50, 1);
  duplicate.push_back(100);
  planner.Add(Row(duplicate));
  planner.Add(PreparedInput{.status = RowStatus::kOk, .tokens = duplicate, .finished = true});
  planner.Add(PreparedInput{.status = RowStatus::kOk, .finished = true});
  const Plan plan = std::move(planner).Finish({});

  const PlanSummary& summary = plan.summary;
  EXPECT_EQ(summary.rows, 16u);
  EXPECT_THAT(summary.rows_by_status, ElementsAre(12, 1, 2, 1, 0));
  EXPECT_EQ(summary.finished_inputs, 2u);
  EXPECT_EQ(summary.duplicate_inputs, 2u) << "rows 0 and 13, for which finished row 14 answers";
  EXPECT_EQ(summary.inputs_to_run, 9u);
  // Rows 1 to 9 run: 50 tokens once, and 2 + ... + 10 tokens of their own.
  EXPECT_EQ(summary.prompt_tokens, 10u * 50 + 55 + 51);
  EXPECT_EQ(summary.saved_by_deduplication, 102u);
  EXPECT_EQ(summary.saved_by_prefix_sharing, 8u * 50);
  EXPECT_EQ(summary.computed_tokens, 50u + 54);
  EXPECT_EQ(summary.prefix_nodes, 1u);
  EXPECT_EQ(summary.prefix_depth, 1u);
  EXPECT_EQ(summary.prefix_tokens, 50u);
  EXPECT_EQ(summary.inputs_with_prefix, 9u);
  EXPECT_EQ(summary.longest_row, 9u);
  EXPECT_EQ(summary.longest_input_tokens, 60u);
  EXPECT_EQ(summary.median_input_tokens, 54u);
  EXPECT_EQ(summary.p95_input_tokens, 60u);
  EXPECT_GT(summary.disk_bytes, 16 * sizeof(RowEntry));
  EXPECT_EQ(plan.rows[0].representative, 14u);
  EXPECT_EQ(plan.rows[13].representative, 14u);
}

TEST(PlannerTest, NoRows) {
  const Plan plan = Planner(ScratchFolder()).Finish({});
  EXPECT_EQ(plan.summary.rows, 0u);
  EXPECT_EQ(plan.summary.inputs_to_run, 0u);
  EXPECT_EQ(plan.summary.computed_tokens, 0u);
  EXPECT_EQ(EstimateMemory(plan, {}).total_bytes(), 0u);
}

TEST(PlannerTest, OptionsSwitchSavingsOff) {
  const auto make = [](const PlanOptions& options) {
    Planner planner(ScratchFolder());
    for (int i = 0; i < 20; ++i) planner.Add(Row(Tokens(100, 1)));
    return std::move(planner).Finish(options).summary;
  };
  const PlanSummary all = make({});
  EXPECT_EQ(all.inputs_to_run, 1u);
  EXPECT_EQ(all.computed_tokens, 100u);
  EXPECT_EQ(all.saved_by_deduplication, 1900u);
  const PlanSummary no_duplicates = make({.deduplication = Deduplication::kOff});
  EXPECT_EQ(no_duplicates.inputs_to_run, 20u);
  EXPECT_EQ(no_duplicates.computed_tokens, 99u + 20);
  EXPECT_EQ(no_duplicates.saved_by_deduplication, 0u);
  const PlanSummary none =
      make({.deduplication = Deduplication::kOff, .prefix_tree = {.max_nodes = 0}});
  EXPECT_EQ(none.computed_tokens, 2000u);
  EXPECT_EQ(none.saved_by_prefix_sharing, 0u);
}

TEST(PlannerTest, ShardsKeepRowNumbers) {
  Planner planner(ScratchFolder(), 500);
  EXPECT_EQ(planner.Add(Row({1, 2})), 500u);
  EXPECT_EQ(planner.Add(Row({1, 2, 3})), 501u);
  const Plan plan = std::move(planner).Finish({});
  EXPECT_EQ(plan.summary.longest_row, 501u);
  EXPECT_THAT(std::vector<uint64_t>(plan.tree.order.begin(), plan.tree.order.end()),
              ElementsAre(501, 500));
}

TEST(PlannerTest, RefusesARunnableRowWithoutTokens) {
  Planner planner(ScratchFolder());
  EXPECT_THROW(planner.Add(Row({})), InternalError);
}

constexpr KvShape kShape = {.num_layers = 2, .num_kv_heads = 1, .head_dim = 8};

Plan PlanOf(const std::vector<Tokens>& rows) {
  Planner planner(ScratchFolder());
  for (const Tokens& row : rows) planner.Add(Row(row));
  return std::move(planner).Finish({});
}

// Blocks of 32 positions, here of 2 * 1 * 8 * 32 * 2 * 2 = 2,048 bytes.
TEST(PlannerTest, EstimatesTheSlabsOfTheLargestRows) {
  std::vector<Tokens> rows;
  for (int32_t i = 0; i < 10; ++i) rows.push_back(Tokens(static_cast<size_t>(32 * (i % 4 + 1)), i));
  const Plan plan = PlanOf(rows);
  MemoryOptions options;
  options.kv_shape = kShape;
  options.weight_bytes = 1000;
  options.workspace_bytes = 100;
  options.num_units = 2;
  options.max_rows_per_unit = 3;
  // The six largest rows: two of 4 blocks, two of 3, two of 2 (of 3).
  MemoryEstimate estimate = EstimateMemory(plan, options);
  EXPECT_EQ(estimate.weight_bytes, 1000u);
  EXPECT_EQ(estimate.workspace_bytes, 200u);
  EXPECT_EQ(estimate.row_kv_bytes, (2 * 4 + 2 * 3 + 2 * 2) * 2048u);
  EXPECT_EQ(estimate.prefix_kv_bytes, 0u);
  EXPECT_EQ(estimate.total_bytes(), 1200u + estimate.row_kv_bytes);

  // Room after the prompt: one block more each; slabs have 1, 2, 3, 4 or 6 blocks.
  options.positions_after_prompt = 1;
  EXPECT_EQ(EstimateMemory(plan, options).row_kv_bytes, (2 * 6 + 2 * 4 + 2 * 3) * 2048u);
  // But never beyond the context.
  options.max_seq_len = 128;
  EXPECT_EQ(EstimateMemory(plan, options).row_kv_bytes, (4 * 4 + 2 * 3) * 2048u);
  // Each fork has a slab of its own.
  options.forks_per_row = 2;
  EXPECT_EQ(EstimateMemory(plan, options).row_kv_bytes, (4 * 4 + 2 * 3 + 6 * 2) * 2048u);

  options = {.kv_shape = kShape, .num_units = 2, .kv_bytes_per_unit = 5 * 2048};
  EXPECT_EQ(EstimateMemory(plan, options).row_kv_bytes, 2 * 5 * 2048u);
  options.kv_bytes_per_unit = 1;  // One row is always admitted.
  EXPECT_EQ(EstimateMemory(plan, options).row_kv_bytes, 2 * 4 * 2048u);
}

TEST(PlannerTest, EstimatesSharedPrefixesOnce) {
  std::vector<Tokens> rows;
  for (int32_t i = 0; i < 20; ++i) {
    Tokens row(80, 1);
    if (i < 10) row.insert(row.end(), 40, 2);
    row.insert(row.end(), 5, 100 + i);
    rows.push_back(row);
  }
  const Plan plan = PlanOf(rows);
  ASSERT_EQ(plan.tree.nodes.size(), 2u);
  MemoryOptions options;
  options.kv_shape = kShape;
  options.max_rows_per_unit = 100;
  const MemoryEstimate estimate = EstimateMemory(plan, options);
  // 80 tokens are 3 blocks, of which 2 are whole; the child begins after these: 120 - 64 = 56.
  EXPECT_EQ(estimate.prefix_kv_bytes, (3 + 2) * 2048u);
  // Rows begin after the last whole block: 125 - 96 = 29, 85 - 64 = 21.
  EXPECT_EQ(estimate.row_kv_bytes, 20 * 2048u);
  options.prefix_kv_bytes = 3 * 2048;
  EXPECT_EQ(EstimateMemory(plan, options).prefix_kv_bytes, 3 * 2048u);
}

uint64_t AnonymousBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "RssAnon:") continue;
    uint64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

// The highest RssAnon while it lives, looked at every few milliseconds.
class AnonymousPeak {
 public:
  AnonymousPeak()
      : sampler_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            peak_ = std::max<uint64_t>(peak_, AnonymousBytes());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        }) {}
  uint64_t bytes() const { return peak_; }

 private:
  std::atomic<uint64_t> peak_ = AnonymousBytes();
  std::jthread sampler_;
};

// SplitMix64: a new sequence costs nothing, unlike one of std::mt19937_64.
class QuickRandom {
 public:
  explicit QuickRandom(uint64_t seed) : state_(seed * 0xd1342543de82ef95) {}
  uint64_t Below(uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % bound;
  }

 private:
  uint64_t state_;
};

// Rows as data sets have them: one template, documents shared by many rows, text of its own, one
// row in 16 a duplicate.
Plan PlanManyRows(uint64_t count) {
  constexpr uint64_t kVocabulary = 49152;
  std::mt19937_64 random(3);
  const Tokens head = RandomTokens(random, 60, kVocabulary);
  std::vector<Tokens> documents;
  for (int i = 0; i < 500; ++i) documents.push_back(RandomTokens(random, 40, kVocabulary));
  Planner planner(::testing::TempDir());
  Tokens row;
  for (uint64_t i = 0; i < count; ++i) {
    QuickRandom source(i % 16 == 15 ? i / 16 * 16 : i);
    row = head;
    if (i % 8 < 2) {
      const Tokens& document = documents[i / 8 % documents.size()];
      row.insert(row.end(), document.begin(), document.end());
    }
    const uint64_t own = 5 + source.Below(30);
    for (uint64_t j = 0; j < own; ++j) {
      row.push_back(static_cast<int32_t>(source.Below(kVocabulary)));
    }
    row.insert(row.end(), {1, 2, 3});
    if (i % 16 == 15) {  // Row i - 15 again.
      const Tokens& document = documents[(i - 15) / 8 % documents.size()];
      row.insert(row.begin() + static_cast<ptrdiff_t>(head.size()), document.begin(),
                 document.end());
    }
    planner.Add(PreparedInput{.status = RowStatus::kOk, .tokens = row});
  }
  return std::move(planner).Finish({});
}

// Time of all threads on a processor: on a machine that others use as well, the clock on the wall
// says little.
double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

TEST(PlannerTest, AMillionRowsTakeSecondsAndNoMemory) {
  const uint64_t count = kSanitized ? 50'000 : 1'000'000;
  uint64_t small_peak = 0;
  {
    AnonymousPeak peak;
    const Plan plan = PlanManyRows(10'000);
    small_peak = peak.bytes();
  }
  const double start = ProcessorSeconds();
  AnonymousPeak peak;
  const Plan plan = PlanManyRows(count);
  const double seconds = ProcessorSeconds() - start;
  EXPECT_EQ(plan.summary.rows, count);
  EXPECT_EQ(plan.summary.duplicate_inputs, count / 16);
  EXPECT_EQ(plan.summary.inputs_to_run, count - count / 16);
  EXPECT_GT(plan.summary.prefix_nodes, 400u);
  EXPECT_LE(plan.summary.prefix_nodes, 4096u);
  EXPECT_GT(plan.summary.saved_by_prefix_sharing, 59 * plan.summary.inputs_to_run);
  RecordProperty("seconds", std::to_string(seconds));
  RecordProperty("growth_bytes", std::to_string(static_cast<int64_t>(peak.bytes()) -
                                                static_cast<int64_t>(small_peak)));
  if (kSanitized) return;
  EXPECT_LT(peak.bytes(), small_peak + (uint64_t{8} << 20)) << "RssAnon grows with the rows";
  EXPECT_LT(seconds, 10.0);
}

}  // namespace
}  // namespace rowmill
