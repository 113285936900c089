#include "engine/deduplication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> Representatives(const RowTable& table) {
  std::vector<uint64_t> out;
  for (uint64_t row = table.first_row(); row < table.end_row(); ++row) {
    out.push_back(table[row].representative);
  }
  return out;
}

std::vector<uint64_t> DuplicatesOf(const RowTable& table, uint64_t row) {
  std::vector<uint64_t> out;
  table.ForEachDuplicate(row, [&](uint64_t duplicate) { out.push_back(duplicate); });
  return out;
}

TEST(DeduplicationTest, TheFirstOfEqualRowsAnswersForAll) {
  RowTable table(ScratchFolder());
  table.Add(RowStatus::kOk, Tokens{1, 2, 3});
  table.Add(RowStatus::kOk, Tokens{1, 2});
  table.Add(RowStatus::kOk, Tokens{1, 2, 3});
  table.Add(RowStatus::kInvalid, {});
  table.Add(RowStatus::kInvalid, {});
  table.Add(RowStatus::kTruncated, Tokens{1, 2, 3});
  const DeduplicationSummary summary = Deduplicate(table, ScratchFolder());
  EXPECT_THAT(Representatives(table), ElementsAre(0, 1, 0, 3, 4, 0));
  EXPECT_EQ(summary.num_duplicates, 2u);
  EXPECT_EQ(summary.duplicate_tokens, 6u);
  EXPECT_THAT(DuplicatesOf(table, 0), ElementsAre(2, 5));
  EXPECT_THAT(DuplicatesOf(table, 1), ElementsAre());
  EXPECT_EQ(table[5].status, RowStatus::kTruncated) << "a duplicate keeps its own status";
}

TEST(DeduplicationTest, NoRowsAndNoRunnableRows) {
  RowTable empty(ScratchFolder());
  EXPECT_EQ(Deduplicate(empty, ScratchFolder()).num_duplicates, 0u);
  RowTable invalid(ScratchFolder());
  invalid.Add(RowStatus::kInvalid, {});
  EXPECT_EQ(Deduplicate(invalid, ScratchFolder()).num_duplicates, 0u);
}

// After a kill: a finished row answers for its equals even where it is not the first of them,
// because nothing has to run then.
TEST(DeduplicationTest, AFinishedRowAnswersFirst) {
  RowTable table(ScratchFolder());
  table.Add(RowStatus::kOk, Tokens{1});
  table.Add(RowStatus::kOk, Tokens{2});
  table.AddFinished(RowStatus::kOk, Tokens{1});
  table.AddFinished(RowStatus::kOk, Tokens{1});
  table.AddFinished(RowStatus::kOk, {});
  table.Add(RowStatus::kOk, Tokens{1});
  const DeduplicationSummary summary = Deduplicate(table, ScratchFolder());
  EXPECT_THAT(Representatives(table), ElementsAre(2, 1, 2, 2, 4, 2));
  EXPECT_EQ(summary.num_duplicates, 2u) << "rows 0 and 5; row 3 has its own result";
  EXPECT_EQ(summary.duplicate_tokens, 2u);
  EXPECT_FALSE(table.MustRun(0));
  EXPECT_TRUE(table.MustRun(1));
  EXPECT_THAT(DuplicatesOf(table, 2), ElementsAre(0, 5)) << "they wait for row 2";
}

TEST(DeduplicationTest, RowNumbersOfAShard) {
  RowTable table(ScratchFolder(), 100);
  table.Add(RowStatus::kOk, Tokens{1});
  table.Add(RowStatus::kOk, Tokens{1});
  Deduplicate(table, ScratchFolder());
  EXPECT_THAT(Representatives(table), ElementsAre(100, 100));
  EXPECT_THAT(DuplicatesOf(table, 100), ElementsAre(101));
}

TEST(DeduplicationTest, EqualsAMapOverTheTokens) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    const std::vector<Tokens> rows = RelatedRows(random, 2000, 3, 2 + seed % 3);
    RowTable table(ScratchFolder());
    for (const Tokens& row : rows) table.Add(RowStatus::kOk, row);
    const DeduplicationSummary summary = Deduplicate(table, ScratchFolder());
    std::map<Tokens, uint64_t> first;
    std::map<uint64_t, std::vector<uint64_t>> duplicates;
    uint64_t num_duplicates = 0;
    uint64_t duplicate_tokens = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto [it, is_new] = first.emplace(rows[i], i);
      ASSERT_EQ(table[i].representative, it->second) << "seed " << seed << ", row " << i;
      if (is_new) continue;
      duplicates[it->second].push_back(i);
      ++num_duplicates;
      duplicate_tokens += rows[i].size();
    }
    for (const auto& [tokens, row] : first) ASSERT_EQ(DuplicatesOf(table, row), duplicates[row]);
    EXPECT_GT(num_duplicates, 100u) << "the test has to have duplicates";
    EXPECT_EQ(summary.num_duplicates, num_duplicates);
    EXPECT_EQ(summary.duplicate_tokens, duplicate_tokens);
  }
}

TEST(DeduplicationTest, AllRowsEqual) {
  RowTable table(ScratchFolder());
  for (int i = 0; i < 5000; ++i) table.Add(RowStatus::kOk, Tokens{4, 4, 4});
  const DeduplicationSummary summary = Deduplicate(table, ScratchFolder());
  EXPECT_EQ(summary.num_duplicates, 4999u);
  EXPECT_THAT(Representatives(table), testing::Each(0));
}

TEST(DeduplicationTest, TheSameTokensWithAnotherScoredEndAreNoDuplicates) {
  RowTable table(ScratchFolder());
  const Tokens tokens = {1, 2, 3, 4};
  for (const uint32_t num_scored : {0u, 1u, 2u, 1u}) table.Add(RowStatus::kOk, tokens, num_scored);
  const DeduplicationSummary summary = Deduplicate(table, ScratchFolder());
  EXPECT_EQ(summary.num_duplicates, 1u);
  EXPECT_EQ(summary.duplicate_tokens, 3u) << "the last token is not read";
  EXPECT_EQ(table[3].representative, 1u);
  EXPECT_EQ(DigestOfTokens(tokens), DigestOfTokens(tokens, 0));
  EXPECT_NE(DigestOfTokens(tokens), DigestOfTokens(tokens, 1));
}

}  // namespace
}  // namespace rowmill
