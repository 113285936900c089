#include "engine/prefix_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "engine/deduplication.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

RowTable MakeTable(const std::vector<Tokens>& rows) {
  RowTable table(ScratchFolder());
  for (const Tokens& row : rows) table.Add(RowStatus::kOk, row);
  return table;
}

std::vector<uint64_t> Order(const PrefixTree& tree) {
  return {tree.order.begin(), tree.order.end()};
}

Tokens Prefix(const Tokens& tokens, size_t length) {
  return Tokens(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(length));
}

uint32_t ParentLength(const PrefixTree& tree, const PrefixNode& node) {
  return node.parent == kNoPrefixNode ? 0 : tree.nodes[node.parent].length;
}

// What has to hold for any tree over any rows.
void CheckTree(const std::vector<Tokens>& rows, const RowTable& table, const PrefixTree& tree,
               const PrefixTreeOptions& options) {
  ASSERT_LE(tree.nodes.size(), options.max_nodes);
  std::vector<uint64_t> rows_below(tree.nodes.size(), 0);
  std::set<uint64_t> rows_to_run;
  uint64_t row_tokens = 0;
  uint64_t computed = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!table.MustRun(row)) {
      EXPECT_EQ(table[row].prefix_node, kNoPrefixNode);
      continue;
    }
    rows_to_run.insert(row);
    row_tokens += rows[row].size();
    const uint32_t length = PrefixLength(table[row], tree.nodes);
    ASSERT_LT(length, rows[row].size()) << "the last token is the row's own";
    computed += rows[row].size() - length;
    for (uint32_t at = table[row].prefix_node; at != kNoPrefixNode; at = tree.nodes[at].parent) {
      const PrefixNode& node = tree.nodes[at];
      ++rows_below[at];
      ASSERT_EQ(Prefix(rows[row], node.length), Prefix(rows[node.example_row], node.length));
    }
  }
  uint64_t shared = 0;
  for (uint32_t i = 0; i < tree.nodes.size(); ++i) {
    const PrefixNode& node = tree.nodes[i];
    const uint32_t own = node.length - ParentLength(tree, node);
    EXPECT_EQ(node.rows_below, rows_below[i]);
    EXPECT_GE(own, options.min_length);
    EXPECT_GE((node.rows_below - 1) * own, options.min_saving);
    EXPECT_LE(node.depth, options.max_depth);
    if (node.parent == kNoPrefixNode) {
      EXPECT_EQ(node.depth, 1u);
    } else {
      ASSERT_LT(node.parent, i);
      EXPECT_EQ(node.depth, tree.nodes[node.parent].depth + 1);
    }
    shared += own;
  }
  EXPECT_EQ(tree.shared_tokens(), shared);
  EXPECT_LE(shared, options.max_shared_tokens);
  EXPECT_EQ(tree.row_tokens, row_tokens);
  EXPECT_EQ(tree.computed_tokens, computed + shared);

  // The order: each row that must run once; rows of a node together and longest first; nodes
  // ascending, with those without a node in one place.
  const std::vector<uint64_t> order = Order(tree);
  EXPECT_EQ(std::set<uint64_t>(order.begin(), order.end()), rows_to_run);
  EXPECT_EQ(order.size(), rows_to_run.size());
  std::vector<uint32_t> node_order;
  for (size_t i = 0; i < order.size(); ++i) {
    const uint32_t node = table[order[i]].prefix_node;
    if (i > 0 && node == table[order[i - 1]].prefix_node) {
      EXPECT_GE(rows[order[i - 1]].size(), rows[order[i]].size());
    } else if (node != kNoPrefixNode) {
      node_order.push_back(node);
    }
  }
  EXPECT_TRUE(std::is_sorted(node_order.begin(), node_order.end()));
  EXPECT_EQ(std::set<uint32_t>(node_order.begin(), node_order.end()).size(), node_order.size());
}

// The tree by its definition: all prefixes of all rows, the inner nodes of the compacted trie among
// them, taken from the outside inwards. For tests with few and short rows.
class SlowTree {
 public:
  SlowTree(const std::vector<Tokens>& rows, const PrefixTreeOptions& options) : options_(options) {
    for (size_t row = 0; row < rows.size(); ++row) {
      for (size_t length = 1; length <= rows[row].size(); ++length) {
        groups_[Prefix(rows[row], length)].insert(row);
      }
    }
    node_of_row.assign(rows.size(), {});
    // A prefix sorts before its continuations, so what is around a node is decided before it.
    for (const auto& [prefix, members] : groups_) {
      if (members.size() < 2 || !IsInner(prefix, members)) continue;
      bool row_ends_here = false;
      for (const size_t row : members) row_ends_here |= rows[row].size() == prefix.size();
      const Tokens cut = Prefix(prefix, prefix.size() - (row_ends_here ? 1 : 0));
      // Node of all of these rows, if any: rows of an inner node have had the same ones so far.
      Consider(cut, members);
    }
  }

  std::set<std::pair<Tokens, std::set<size_t>>> nodes;
  std::vector<Tokens> node_of_row;  // its tokens; none: no node

 private:
  // Whether the rows part ways after the prefix.
  bool IsInner(const Tokens& prefix, const std::set<size_t>& members) const {
    for (auto it = groups_.upper_bound(prefix); it != groups_.end(); ++it) {
      if (it->first.size() <= prefix.size() ||
          !std::equal(prefix.begin(), prefix.end(), it->first.begin())) {
        break;
      }
      if (it->second == members) return false;
    }
    return true;
  }

  void Consider(const Tokens& cut, const std::set<size_t>& members) {
    uint32_t depth = 0;
    size_t parent_length = 0;
    for (const auto& [tokens, below] : nodes) {
      if (!std::includes(below.begin(), below.end(), members.begin(), members.end())) continue;
      ++depth;
      parent_length = std::max(parent_length, tokens.size());
    }
    if (depth >= options_.max_depth || cut.size() < parent_length + options_.min_length) return;
    if ((members.size() - 1) * (cut.size() - parent_length) < options_.min_saving) return;
    nodes.insert({cut, members});
    for (const size_t row : members) node_of_row[row] = cut;
  }

  PrefixTreeOptions options_;
  std::map<Tokens, std::set<size_t>> groups_;
};

TEST(PrefixTreeTest, NoRows) {
  RowTable table(ScratchFolder());
  table.Add(RowStatus::kInvalid, {});
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  EXPECT_TRUE(tree.nodes.empty());
  EXPECT_TRUE(tree.order.empty());
  EXPECT_EQ(tree.row_tokens, 0u);
  EXPECT_EQ(tree.computed_tokens, 0u);
}

TEST(PrefixTreeTest, ASingleRowSharesNothing) {
  RowTable table = MakeTable({Tokens(1000, 3)});
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  EXPECT_TRUE(tree.nodes.empty());
  EXPECT_THAT(Order(tree), ElementsAre(0));
  EXPECT_EQ(tree.computed_tokens, 1000u);
}

TEST(PrefixTreeTest, ATemplateAndGroupsWithinIt) {
  // 40 tokens in common; of 12 rows, 6 go on with 20 in common; each ends with tokens of its own.
  std::vector<Tokens> rows;
  for (int32_t i = 0; i < 12; ++i) {
    Tokens row(40, 1);
    if (i % 2 == 0) row.insert(row.end(), 20, 2);
    row.insert(row.end(), static_cast<size_t>(i + 1), 100 + i);
    rows.push_back(row);
  }
  RowTable table = MakeTable(rows);
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  CheckTree(rows, table, tree, {});
  ASSERT_EQ(tree.nodes.size(), 2u);
  EXPECT_EQ(tree.nodes[0].length, 40u);
  EXPECT_EQ(tree.nodes[0].rows_below, 12u);
  EXPECT_EQ(tree.nodes[1].length, 60u);
  EXPECT_EQ(tree.nodes[1].rows_below, 6u);
  EXPECT_EQ(tree.nodes[1].parent, 0u);
  EXPECT_EQ(tree.max_depth, 2u);
  EXPECT_THAT(Order(tree), ElementsAre(11, 9, 7, 5, 3, 1, 10, 8, 6, 4, 2, 0));
  EXPECT_EQ(tree.row_tokens, 12u * 40 + 6 * 20 + 78);
  EXPECT_EQ(tree.computed_tokens, 60u + 78);
  EXPECT_EQ(tree.saved_tokens(), 11u * 40 + 5 * 20);
}

TEST(PrefixTreeTest, KeepsExactlyWhatReachesTheBounds) {
  const auto nodes = [](size_t rows_with_prefix, size_t length, const PrefixTreeOptions& options) {
    std::vector<Tokens> rows;
    for (size_t i = 0; i < rows_with_prefix; ++i) {
      rows.push_back(Tokens(length, 1));
      rows.back().push_back(static_cast<int32_t>(10 + i));
    }
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    CheckTree(rows, table, tree, options);
    return tree.nodes.size();
  };
  EXPECT_EQ(nodes(5, 16, {}), 1u);  // (5 - 1) * 16 = 64
  EXPECT_EQ(nodes(4, 16, {}), 0u);  // 48
  EXPECT_EQ(nodes(4, 22, {}), 1u);  // 66
  EXPECT_EQ(nodes(100, 15, {}), 0u);
  EXPECT_EQ(nodes(2, 64, {}), 1u);
  EXPECT_EQ(nodes(2, 63, {}), 0u);
  EXPECT_EQ(nodes(2, 63, {.min_saving = 63}), 1u);
  EXPECT_EQ(nodes(100, 3, {.min_length = 3}), 1u);
  EXPECT_EQ(nodes(100, 100, {.max_nodes = 0}), 0u);
}

TEST(PrefixTreeTest, EqualRowsWithoutDeduplicationShareAllButTheLastToken) {
  const std::vector<Tokens> rows(500, Tokens(100, 7));
  RowTable table = MakeTable(rows);
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  CheckTree(rows, table, tree, {});
  ASSERT_EQ(tree.nodes.size(), 1u);
  EXPECT_EQ(tree.nodes[0].length, 99u);
  EXPECT_EQ(tree.computed_tokens, 99u + 500);
}

TEST(PrefixTreeTest, EqualRowsWithDeduplicationLeaveOne) {
  const std::vector<Tokens> rows(500, Tokens(100, 7));
  RowTable table = MakeTable(rows);
  Deduplicate(table, ScratchFolder());
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  CheckTree(rows, table, tree, {});
  EXPECT_TRUE(tree.nodes.empty());
  EXPECT_THAT(Order(tree), ElementsAre(0));
}

TEST(PrefixTreeTest, RowsWithNothingInCommonAreOrderedByLength) {
  std::vector<Tokens> rows;
  for (int32_t i = 0; i < 100; ++i)
    rows.push_back(Tokens(static_cast<size_t>(i * 37 % 100 + 1), i));
  RowTable table = MakeTable(rows);
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  CheckTree(rows, table, tree, {});
  EXPECT_TRUE(tree.nodes.empty());
  EXPECT_EQ(rows[tree.order[0]].size(), 100u);
  EXPECT_EQ(tree.computed_tokens, 5050u);
}

TEST(PrefixTreeTest, RowsThatAreNotToRunTakeNoPart) {
  std::vector<Tokens> rows(6, Tokens(100, 1));
  for (int32_t i = 0; i < 6; ++i) rows[static_cast<size_t>(i)].push_back(i);
  RowTable table(ScratchFolder());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 2) {
      table.AddFinished(RowStatus::kOk, rows[i]);
    } else {
      table.Add(i == 4 ? RowStatus::kError : RowStatus::kTruncated, rows[i]);
    }
  }
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  CheckTree(rows, table, tree, {});
  EXPECT_THAT(Order(tree), ElementsAre(0, 1, 3, 5));
  ASSERT_EQ(tree.nodes.size(), 1u);
  EXPECT_EQ(tree.nodes[0].rows_below, 4u);
}

// The trie is as deep as there are rows; neither recursion nor memory may follow it.
TEST(PrefixTreeTest, EachRowAPrefixOfTheNext) {
  for (const bool shortest_first : {true, false}) {
    std::vector<Tokens> rows;
    for (size_t i = 1; i <= 2000; ++i) rows.push_back(Tokens(i, 1));
    if (!shortest_first) std::reverse(rows.begin(), rows.end());
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
    CheckTree(rows, table, tree, {});
    EXPECT_EQ(tree.max_depth, 8u);
    EXPECT_LT(tree.computed_tokens, tree.row_tokens);
  }
}

TEST(PrefixTreeTest, ADeepChainOfBranches) {
  // Every 20 tokens some rows leave the chain, so that each level of the trie is worth a node.
  std::vector<Tokens> rows;
  for (int32_t level = 1; level <= 30; ++level) {
    for (int32_t i = 0; i < 10; ++i) {
      Tokens row(static_cast<size_t>(20 * level), 1);
      row.push_back(10 + i);
      rows.push_back(row);
    }
  }
  for (const uint32_t max_depth : {1u, 3u, 8u, 100u}) {
    const PrefixTreeOptions options = {.max_depth = max_depth};
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    CheckTree(rows, table, tree, options);
    EXPECT_EQ(tree.max_depth, std::min(max_depth, 30u));
  }
}

std::vector<Tokens> DistinctGroups(size_t groups, size_t rows_per_group, size_t step) {
  std::vector<Tokens> rows;
  for (size_t group = 0; group < groups; ++group) {
    for (size_t i = 0; i < rows_per_group; ++i) {
      rows.push_back(Tokens(20 + group * step, static_cast<int32_t>(group)));
      rows.back().push_back(static_cast<int32_t>(1000 + i));
    }
  }
  return rows;
}

TEST(PrefixTreeTest, OfTooManyNodesThoseThatSaveMostStay) {
  const std::vector<Tokens> rows = DistinctGroups(20, 6, 1);
  const PrefixTreeOptions options = {.max_nodes = 7};
  RowTable table = MakeTable(rows);
  const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
  CheckTree(rows, table, tree, options);
  ASSERT_EQ(tree.nodes.size(), 7u);
  std::set<uint32_t> lengths;
  for (const PrefixNode& node : tree.nodes) lengths.insert(node.length);
  EXPECT_THAT(lengths, ElementsAre(33, 34, 35, 36, 37, 38, 39)) << "the longest prefixes save most";
}

TEST(PrefixTreeTest, SharedTokensAreBounded) {
  const std::vector<Tokens> rows = DistinctGroups(20, 6, 1);
  for (const uint64_t bound : {0u, 38u, 39u, 40u, 77u, 100u, 10000u}) {
    const PrefixTreeOptions options = {.max_shared_tokens = bound};
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    CheckTree(rows, table, tree, options);
    const size_t expected = bound < 39 ? 0 : bound < 77 ? 1 : bound < 39 + 38 + 37 ? 2 : 20;
    EXPECT_EQ(tree.nodes.size(), expected) << "bound " << bound;
  }
}

TEST(PrefixTreeTest, RowsWithoutANodeStandWhereTheirLongestBelongs) {
  const auto order_with_lone_row = [](size_t lone_length) {
    std::vector<Tokens> rows = DistinctGroups(2, 6, 60);  // prefixes of 20 and 80 tokens
    rows[0].insert(rows[0].end(), 9, 500);                // 10 own tokens
    rows[6].insert(rows[6].end(), 29, 500);               // 30
    rows.push_back(Tokens(lone_length, 600));
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
    CheckTree(rows, table, tree, {});
    EXPECT_EQ(tree.nodes.size(), 2u);
    std::vector<uint64_t> order = Order(tree);
    return std::find(order.begin(), order.end(), 12u) - order.begin();
  };
  EXPECT_EQ(order_with_lone_row(31), 0);
  EXPECT_EQ(order_with_lone_row(20), 6);
  EXPECT_EQ(order_with_lone_row(9), 12);
}

TEST(PrefixTreeTest, BuildingAgainStartsAfresh) {
  std::vector<Tokens> rows = DistinctGroups(3, 10, 5);
  RowTable table = MakeTable(rows);
  EXPECT_EQ(BuildPrefixTree(table, {}, ScratchFolder()).nodes.size(), 3u);
  const PrefixTree without = BuildPrefixTree(table, {.max_nodes = 0}, ScratchFolder());
  CheckTree(rows, table, without, {});
  EXPECT_TRUE(without.nodes.empty());
  EXPECT_EQ(without.computed_tokens, without.row_tokens);
}

TEST(PrefixTreeTest, EqualsTheDefinitionOnRandomRows) {
  size_t total_nodes = 0;
  uint32_t deepest = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const std::vector<Tokens> rows = RelatedRows(random, 40, 1 + seed % 9, 1 + seed % 4);
    PrefixTreeOptions options;
    options.min_length = static_cast<uint32_t>(Draw(random, 1, 4));
    options.min_saving = Draw(random, 1, 12);
    options.max_depth = static_cast<uint32_t>(Draw(random, 1, 4));
    RowTable table = MakeTable(rows);
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    CheckTree(rows, table, tree, options);
    const SlowTree slow(rows, options);
    EXPECT_EQ(tree.nodes.size(), slow.nodes.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      const uint32_t length = PrefixLength(table[row], tree.nodes);
      ASSERT_EQ(Prefix(rows[row], length), slow.node_of_row[row]) << "row " << row;
    }
    total_nodes += tree.nodes.size();
    deepest = std::max(deepest, tree.max_depth);
  }
  EXPECT_GT(total_nodes, 500u) << "the test has to have nodes";
  EXPECT_EQ(deepest, 4u);
}

// Bounds that bite, on rows that are too many for the definition.
TEST(PrefixTreeTest, HoldsItsPromisesOnRandomRowsWithTightBounds) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const std::vector<Tokens> rows = RelatedRows(random, 400, 1 + seed % 30, 1 + seed % 5);
    PrefixTreeOptions options;
    options.min_length = static_cast<uint32_t>(Draw(random, 1, 16));
    options.min_saving = Draw(random, 1, 64);
    options.max_nodes = static_cast<uint32_t>(Draw(random, 1, 20));
    options.max_depth = static_cast<uint32_t>(Draw(random, 1, 8));
    if (seed % 2 == 0) options.max_shared_tokens = Draw(random, 0, 300);
    RowTable table = MakeTable(rows);
    if (seed % 3 == 0) Deduplicate(table, ScratchFolder());
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    CheckTree(rows, table, tree, options);
  }
}

// Which prefixes are shared, and so how much is saved, does not depend on the order of the rows.
TEST(PrefixTreeTest, ShufflingTheRowsChangesNoSaving) {
  std::mt19937_64 random(11);
  std::vector<Tokens> rows = RelatedRows(random, 300, 20, 3);
  std::set<std::tuple<uint64_t, uint64_t, size_t>> outcomes;
  for (int round = 0; round < 5; ++round) {
    RowTable table = MakeTable(rows);
    Deduplicate(table, ScratchFolder());
    const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
    outcomes.insert({tree.computed_tokens, tree.row_tokens, tree.nodes.size()});
    std::shuffle(rows.begin(), rows.end(), random);
  }
  EXPECT_EQ(outcomes.size(), 1u);
}

TEST(PrefixTreeTest, RowNumbersOfAShard) {
  RowTable table(ScratchFolder(), 1000);
  for (int32_t i = 0; i < 10; ++i) {
    Tokens row(30, 1);
    row.push_back(i);
    table.Add(RowStatus::kOk, row);
  }
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  ASSERT_EQ(tree.nodes.size(), 1u);
  EXPECT_EQ(tree.nodes[0].example_row, 1000u);
  EXPECT_EQ(tree.order[0], 1000u);
  EXPECT_EQ(tree.order[9], 1009u);
}

TEST(PrefixTreeTest, RefusesBoundsThatMeanNothing) {
  RowTable table(ScratchFolder());
  EXPECT_THROW(BuildPrefixTree(table, {.min_length = 0}, ScratchFolder()), InternalError);
  EXPECT_THROW(BuildPrefixTree(table, {.max_depth = 0}, ScratchFolder()), InternalError);
}

TEST(PrefixTreeTest, OfRowsWhoseEndIsScoredNothingFromThatEndOnIsShared) {
  std::mt19937_64 random(5);
  PrefixTreeOptions options;
  options.min_saving = 1;
  options.min_length = 1;
  for (int round = 0; round < 50; ++round) {
    const std::vector<Tokens> rows = RelatedRows(random, 40, 6, 3);
    RowTable table(ScratchFolder());
    std::vector<uint32_t> scored;
    uint64_t read = 0;
    for (const Tokens& row : rows) {
      scored.push_back(static_cast<uint32_t>(Draw(random, 0, row.size() - 1)));
      table.Add(RowStatus::kOk, row, scored.back());
      read += row.size() - (scored.back() > 0 ? 1 : 0);
    }
    const PrefixTree tree = BuildPrefixTree(table, options, ScratchFolder());
    uint64_t computed = tree.shared_tokens();
    for (size_t row = 0; row < rows.size(); ++row) {
      const uint32_t length = PrefixLength(table[row], tree.nodes);
      ASSERT_LT(length, rows[row].size() - scored[row]);
      computed += table[row].num_read() - length;
      if (table[row].prefix_node == kNoPrefixNode) continue;
      const PrefixNode& node = tree.nodes[table[row].prefix_node];
      ASSERT_EQ(Prefix(rows[row], length), Prefix(rows[node.example_row], length));
    }
    EXPECT_EQ(tree.row_tokens, read);
    EXPECT_EQ(tree.computed_tokens, computed);
  }
}

TEST(PrefixTreeTest, ChoicesShareTheirQuestionButNotWhatTheyBeginWith) {
  RowTable table(ScratchFolder());
  Tokens question(100, 1);
  for (int32_t choice = 0; choice < 2; ++choice) {
    Tokens row = question;
    row.insert(row.end(), 50, 2);  // common, and scored
    row.push_back(choice);
    table.Add(RowStatus::kOk, row, 51);
  }
  const PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  ASSERT_EQ(tree.nodes.size(), 1u);
  EXPECT_EQ(tree.nodes[0].length, 99u) << "the logits of the question's last token are scored";
  EXPECT_EQ(tree.row_tokens, 300u);
  EXPECT_EQ(tree.computed_tokens, 99u + 2 * 51);
}

}  // namespace
}  // namespace rowmill
