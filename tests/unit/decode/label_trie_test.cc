#include "decode/label_trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"

namespace rowmill {
namespace {

using Labels = std::vector<std::vector<int32_t>>;

// The node that `tokens` lead to, -1 where the trie has no such path.
int64_t Walk(const LabelTrie& trie, const std::vector<int32_t>& tokens) {
  uint32_t node = LabelTrie::kRoot;
  for (const int32_t token : tokens) {
    const LabelTrie::Node& parent = trie.node(node);
    uint32_t child = parent.first_child;
    const uint32_t end = parent.first_child + parent.num_children;
    while (child < end && trie.node(child).token != token) ++child;
    if (child == end) return -1;
    node = child;
  }
  return node;
}

void ExpectWellFormed(const LabelTrie& trie, const Labels& labels) {
  ASSERT_EQ(trie.num_labels(), labels.size());
  std::vector<int> times(labels.size(), 0);
  std::vector<int> children_claimed(trie.nodes().size(), 0);
  for (uint32_t i = 0; i < trie.nodes().size(); ++i) {
    const LabelTrie::Node& node = trie.node(i);
    for (const uint32_t label : node.labels) {
      ++times[label];
      EXPECT_EQ(Walk(trie, labels[label]), i);
      EXPECT_EQ(labels[label].size(), node.depth);
    }
    for (uint32_t k = 0; k < node.num_children; ++k) {
      const LabelTrie::Node& child = trie.node(node.first_child + k);
      ++children_claimed[node.first_child + k];
      EXPECT_EQ(child.parent, i);
      EXPECT_EQ(child.depth, node.depth + 1);
      if (k == 0) continue;
      EXPECT_LT(trie.node(node.first_child + k - 1).token, child.token);
    }
    EXPECT_TRUE(node.num_children > 0 || !node.labels.empty()) << "a leaf without a label";
  }
  for (const int count : times) EXPECT_EQ(count, 1);
  EXPECT_EQ(children_claimed[0], 0);
  for (size_t i = 1; i < children_claimed.size(); ++i) EXPECT_EQ(children_claimed[i], 1);
}

TEST(LabelTrie, SharesBeginnings) {
  const Labels labels = {{5, 6}, {5, 7, 1}, {9}, {5, 6, 2}};
  const LabelTrie trie(labels);
  ExpectWellFormed(trie, labels);
  EXPECT_EQ(trie.nodes().size(), 7u);
  EXPECT_EQ(trie.max_depth(), 3u);
  EXPECT_EQ(trie.node(0).token, -1);
  EXPECT_EQ(trie.node(0).num_children, 2u);
  EXPECT_FALSE(trie.IsPrefixFree());  // {5, 6} begins {5, 6, 2}
}

TEST(LabelTrie, TellsWhetherALabelBeginsAnother) {
  EXPECT_TRUE(LabelTrie(Labels{{1, 2}, {1, 3}, {2}}).IsPrefixFree());
  EXPECT_FALSE(LabelTrie(Labels{{1, 2}, {1}}).IsPrefixFree());
  EXPECT_FALSE(LabelTrie(Labels{{1, 2}, {1, 2}}).IsPrefixFree());
}

TEST(LabelTrie, EqualLabelsEndAtOneNodeInTheirOrder) {
  const LabelTrie trie(Labels{{4}, {3}, {4}});
  const int64_t node = Walk(trie, {4});
  ASSERT_GE(node, 0);
  EXPECT_EQ(trie.node(static_cast<uint32_t>(node)).labels, (std::vector<uint32_t>{0, 2}));
}

TEST(LabelTrie, RefusesALabelWithoutTokens) {
  try {
    LabelTrie trie(Labels{{1}, {}});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("label 2 of 2"), std::string::npos) << error.what();
  }
}

TEST(LabelTrie, RandomSetsAreWellFormed) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Labels labels(1 + random() % 77);
    for (auto& label : labels) {
      label.resize(1 + random() % 6);
      for (int32_t& token : label) token = static_cast<int32_t>(random() % 4);
    }
    const LabelTrie trie(labels);
    ExpectWellFormed(trie, labels);
    bool prefix_free = true;
    for (size_t a = 0; a < labels.size(); ++a) {
      for (size_t b = 0; b < labels.size(); ++b) {
        if (a == b || labels[a].size() > labels[b].size()) continue;
        if (std::equal(labels[a].begin(), labels[a].end(), labels[b].begin())) prefix_free = false;
      }
    }
    EXPECT_EQ(trie.IsPrefixFree(), prefix_free);
  }
}

// A score is added up along the path, so it must equal the sum of a label scored alone, bit for
// bit.
TEST(LabelTrie, AWalkAddsTheSameNumbersInTheSameOrder) {
  const Labels labels = {{3, 1, 4, 1}, {3, 1, 5}, {3, 1, 4}, {2}};
  const LabelTrie trie(labels);
  const auto log_prob = [](uint32_t depth, int32_t token) {
    return -std::sqrt(0.1 * (depth + 1) + 0.37 * token);
  };
  std::vector<double> sums(trie.nodes().size(), 0.0);
  std::vector<double> scores(labels.size());
  for (uint32_t i = 0; i < trie.nodes().size(); ++i) {
    const LabelTrie::Node& node = trie.node(i);
    if (i > 0) sums[i] = sums[node.parent] + log_prob(node.depth - 1, node.token);
    for (const uint32_t label : node.labels) scores[label] = sums[i];
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    double alone = 0.0;
    for (uint32_t k = 0; k < labels[i].size(); ++k) alone += log_prob(k, labels[i][k]);
    EXPECT_EQ(scores[i], alone);
  }
}

}  // namespace
}  // namespace rowmill
