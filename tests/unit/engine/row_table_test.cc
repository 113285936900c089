#include "engine/row_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <compare>
#include <cstdint>
#include <random>
#include <vector>

#include "base/error.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

TEST(RowTableTest, KeepsWhatIsKnownOfEachRow) {
  RowTable table(ScratchFolder());
  EXPECT_EQ(table.Add(RowStatus::kOk, Tokens{1, 2, 3}), 0u);
  EXPECT_EQ(table.Add(RowStatus::kInvalid, {}), 1u);
  EXPECT_EQ(table.Add(RowStatus::kTruncated, Tokens{1, 2, 4, 5}), 2u);
  EXPECT_EQ(table.Add(RowStatus::kError, Tokens{6, 7}), 3u);
  EXPECT_EQ(table.AddFinished(RowStatus::kOk, Tokens{9}), 4u);
  EXPECT_EQ(table.AddFinished(RowStatus::kOk, {}), 5u);
  EXPECT_EQ(table.size(), 6u);

  EXPECT_TRUE(table[0].runnable());
  EXPECT_FALSE(table[1].runnable());
  EXPECT_TRUE(table[2].runnable());
  EXPECT_FALSE(table[3].runnable());
  EXPECT_EQ(table[3].tokens.length, 0u) << "tokens of a row that cannot run are not kept";
  EXPECT_TRUE(table[4].runnable());
  EXPECT_FALSE(table[5].runnable());
  EXPECT_EQ(table[2].tokens.length, 4u);
  EXPECT_EQ(table[2].representative, 2u);
  EXPECT_EQ(table[2].prefix_node, kNoPrefixNode);

  EXPECT_TRUE(table.MustRun(0));
  EXPECT_FALSE(table.MustRun(1));
  EXPECT_TRUE(table.MustRun(2));
  EXPECT_FALSE(table.MustRun(4)) << "finished";
  table.SetFinished(2);
  EXPECT_FALSE(table.MustRun(2));

  Tokens tokens;
  table.GetTokens(2, tokens);
  EXPECT_THAT(tokens, ElementsAre(1, 2, 4, 5));
  table.GetPrefix(2, 3, tokens);
  EXPECT_THAT(tokens, ElementsAre(1, 2, 4));
  table.GetTokens(1, tokens);
  EXPECT_THAT(tokens, ElementsAre());
  EXPECT_EQ(table.CommonPrefix(0, 2), 2u);
  EXPECT_EQ(table.CompareTokens(0, 2), std::strong_ordering::less);
}

TEST(RowTableTest, ADuplicateOfAnotherRowNeedNotRun) {
  RowTable table(ScratchFolder());
  table.Add(RowStatus::kOk, Tokens{1});
  table.Add(RowStatus::kOk, Tokens{1});
  table.SetRepresentative(1, 0);
  EXPECT_TRUE(table.MustRun(0));
  EXPECT_FALSE(table.MustRun(1));
}

TEST(RowTableTest, RefusesARunnableRowWithoutTokens) {
  RowTable table(ScratchFolder());
  EXPECT_THROW(table.Add(RowStatus::kOk, {}), InternalError);
  EXPECT_THROW(table.Add(RowStatus::kTruncated, {}), InternalError);
  EXPECT_EQ(table.size(), 0u);
}

TEST(RowTableTest, AShardsRowsKeepTheirNumbers) {
  constexpr uint64_t kFirst = (uint64_t{1} << 40) + 3;
  RowTable table(ScratchFolder(), kFirst);
  EXPECT_EQ(table.Add(RowStatus::kOk, Tokens{1}), kFirst);
  EXPECT_EQ(table.Add(RowStatus::kOk, Tokens{2}), kFirst + 1);
  EXPECT_EQ(table.first_row(), kFirst);
  EXPECT_EQ(table.end_row(), kFirst + 2);
  EXPECT_EQ(table[kFirst + 1].representative, kFirst + 1);
  Tokens tokens;
  table.GetTokens(kFirst + 1, tokens);
  EXPECT_THAT(tokens, ElementsAre(2));
}

// The digest keys the sampler, so it is part of the output: these values can never change.
TEST(RowTableTest, DigestIsFixedForEver) {
  const Digest128 digest = DigestOfTokens(Tokens{1, 2, 3, 49151});
  EXPECT_EQ(digest.lo, 6763044529235569467u);
  EXPECT_EQ(digest.hi, 17214289789822406208u);
}

TEST(RowTableTest, DigestsTellTokensApart) {
  EXPECT_EQ(DigestOfTokens(Tokens{1, 2}), DigestOfTokens(Tokens{1, 2}));
  EXPECT_FALSE(DigestOfTokens(Tokens{1, 2}) == DigestOfTokens(Tokens{2, 1}));
  EXPECT_FALSE(DigestOfTokens(Tokens{1}) == DigestOfTokens(Tokens{1, 0}));
  EXPECT_FALSE(DigestOfTokens(Tokens{}) == DigestOfTokens(Tokens{0}));
}

TEST(RowTableTest, GivesBackManyRandomRows) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  const std::vector<Tokens> rows = RelatedRows(random, 3000, 30, 50);
  RowTable table(ScratchFolder());
  for (const Tokens& row : rows) table.Add(RowStatus::kOk, row);
  Tokens tokens;
  for (size_t i = 0; i < rows.size(); ++i) {
    table.GetTokens(i, tokens);
    ASSERT_EQ(tokens, rows[i]) << "seed " << kSeed << ", row " << i;
    ASSERT_EQ(table[i].digest, DigestOfTokens(rows[i]));
  }
}

}  // namespace
}  // namespace rowmill
