#include "engine/sub_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "base/error.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

// Rows of given lengths with nothing in common.
RowTable RowsOfLengths(const std::vector<size_t>& lengths) {
  RowTable table(ScratchFolder());
  for (size_t i = 0; i < lengths.size(); ++i) {
    table.Add(RowStatus::kOk, Tokens(lengths[i], static_cast<int32_t>(i)));
  }
  return table;
}

TEST(SubTaskTest, FillsUpToTheTarget) {
  RowTable table = RowsOfLengths({50, 30, 20, 10, 5});
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  const RowCosts costs(table, tree);
  const SubTask task = CutSubTask(tree.order.span(), costs, 100);
  EXPECT_THAT(task.rows, ElementsAre(0, 1, 2));
  EXPECT_EQ(task.tokens, 100u);
  EXPECT_THAT(CutSubTask(tree.order.span(), costs, 99).rows, ElementsAre(0, 1));
  EXPECT_THAT(CutSubTask(tree.order.span().subspan(3), costs, 100).rows, ElementsAre(3, 4));
}

TEST(SubTaskTest, IsNeverEmpty) {
  RowTable table = RowsOfLengths({50, 30});
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  const RowCosts costs(table, tree);
  for (const uint64_t target : {0u, 1u, 49u}) {
    EXPECT_THAT(CutSubTask(tree.order.span(), costs, target).rows, ElementsAre(0));
  }
  EXPECT_THROW(CutSubTask(std::span<const uint64_t>(), costs, 10), InternalError);
}

TEST(SubTaskTest, DecodingWeighsInWithEachRow) {
  RowTable table = RowsOfLengths({10, 10, 10, 10});
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  const SubTask task = CutSubTask(tree.order.span(), RowCosts(table, tree, 40), 100);
  EXPECT_EQ(task.rows.size(), 2u);
  EXPECT_EQ(task.tokens, 100u);
}

// Two nodes of 20 rows with 5 own tokens each, behind prefixes of 30 tokens.
TEST(SubTaskTest, CountsOwnTokensAndEndsWhereTheNodeChanges) {
  RowTable table(ScratchFolder());
  for (int32_t i = 0; i < 40; ++i) {
    Tokens row(30, i / 20);
    row.insert(row.end(), 5, 100 + i);
    table.Add(RowStatus::kOk, row);
  }
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  ASSERT_EQ(tree.nodes.size(), 2u);
  const RowCosts costs(table, tree);
  EXPECT_EQ(costs.TokensOf(0), 5u);

  const SubTask first = CutSubTask(tree.order.span(), costs, 60);
  EXPECT_EQ(first.rows.size(), 12u);
  EXPECT_EQ(first.prefix_node, 0u);
  // 8 rows of 40 tokens are left of this node, which is at least half of the target: end there.
  EXPECT_EQ(CutSubTask(tree.order.span().subspan(12), costs, 60).rows.size(), 8u);
  // Of 4 rows with 20 tokens a whole sub-task would be a waste: take rows of the next node as well.
  const SubTask mixed = CutSubTask(tree.order.span().subspan(16), costs, 60);
  EXPECT_EQ(mixed.rows.size(), 12u);
  EXPECT_EQ(mixed.prefix_node, 0u);
  EXPECT_EQ(table[mixed.rows.back()].prefix_node, 1u);
}

TEST(SubTaskTest, CutsCoverTheOrder) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    RowTable table(ScratchFolder());
    for (const Tokens& row : RelatedRows(random, 200, 20, 3)) table.Add(RowStatus::kOk, row);
    const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
    const RowCosts costs(table, tree, static_cast<uint32_t>(Draw(random, 0, 10)));
    std::span<const uint64_t> rest = tree.order.span();
    while (!rest.empty()) {
      const uint64_t target = Draw(random, 0, 200);
      const SubTask task = CutSubTask(rest, costs, target);
      ASSERT_FALSE(task.rows.empty());
      uint64_t tokens = 0;
      for (size_t i = 0; i < task.rows.size(); ++i) {
        ASSERT_EQ(task.rows[i], rest[i]);
        tokens += costs.TokensOf(task.rows[i]);
      }
      EXPECT_EQ(task.tokens, tokens);
      if (task.rows.size() > 1) {
        EXPECT_LE(task.tokens, target);
      }
      rest = rest.subspan(task.rows.size());
    }
  }
}

}  // namespace
}  // namespace rowmill
