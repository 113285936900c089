#include "recommend/item_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

// X^T X = [2 1; 1 1], with lambda 1 its inverse is [2 -1; -1 3] / 5.
TEST(ItemWeights, EaseByHand) {
  ThreadTeam team(1);
  const ItemWeights weights =
      ItemWeights::Ease(testing::FromHistories(2, {{0, 1}, {0}}), 1.0, testing::Kernels(), team);
  EXPECT_NEAR(weights.At(0, 1), 1.0f / 3.0f, 1e-6f);
  EXPECT_NEAR(weights.At(1, 0), 1.0f / 2.0f, 1e-6f);
  EXPECT_EQ(weights.At(0, 0), 0.0f);
  EXPECT_EQ(weights.At(1, 1), 0.0f);
}

TEST(ItemWeights, NeighboursByHand) {
  ThreadTeam team(2);
  const ItemWeights weights =
      ItemWeights::Neighbours(testing::FromHistories(3, {{0, 1}, {0}, {2}}), team);
  EXPECT_FLOAT_EQ(weights.At(0, 1), 1.0f / std::sqrt(2.0f));
  EXPECT_FLOAT_EQ(weights.At(1, 0), 1.0f / std::sqrt(2.0f));
  EXPECT_EQ(weights.At(0, 2), 0.0f);
  EXPECT_EQ(weights.At(0, 0), 0.0f);
  std::vector<float> scores(3, 0.0f);
  weights.AddRow(0, 2.0f, scores);
  EXPECT_FLOAT_EQ(scores[1], 2.0f / std::sqrt(2.0f));
  EXPECT_EQ(scores[2], 0.0f);
}

TEST(ItemWeights, OnlyTheNearestNeighboursAreKept) {
  // Everybody has item 0; item i has i users, so that the larger i the nearer to 0.
  constexpr size_t kItems = ItemWeights::kNeighbours + 50;
  std::vector<std::vector<uint32_t>> histories(kItems);
  for (size_t user = 0; user < kItems; ++user) {
    for (uint32_t item = 0; item < kItems; ++item) {
      if (item == 0 || user < item) histories[user].push_back(item);
    }
  }
  ThreadTeam team(1);
  const ItemWeights weights =
      ItemWeights::Neighbours(testing::FromHistories(kItems, histories), team);
  EXPECT_GT(weights.At(0, kItems - 1), 0.0f);
  EXPECT_GT(weights.At(0, 50), 0.0f);
  EXPECT_EQ(weights.At(0, 49), 0.0f);
}

TEST(ItemWeights, SameBitsForAnyThreads) {
  const Interactions interactions = testing::Grouped(120, 90, 4, 12);
  ThreadTeam one(1);
  ThreadTeam three(3);
  const ItemWeights ease1 = ItemWeights::Ease(interactions, 20.0, testing::Kernels(), one);
  const ItemWeights ease3 =
      ItemWeights::Ease(interactions, 20.0, testing::Kernels("scalar"), three);
  const ItemWeights near1 = ItemWeights::Neighbours(interactions, one);
  const ItemWeights near3 = ItemWeights::Neighbours(interactions, three);
  for (size_t from = 0; from < 90; ++from) {
    for (size_t to = 0; to < 90; ++to) {
      ASSERT_EQ(ease1.At(from, to), ease3.At(from, to));
      ASSERT_EQ(near1.At(from, to), near3.At(from, to));
    }
  }
}

}  // namespace
}  // namespace rowmill
