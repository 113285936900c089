#include "recommend/matrix_factors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

TEST(MatrixFactors, EigenvectorsByHand) {
  std::vector<double> matrix = {2, 1, 1, 2};
  std::vector<double> vectors;
  const std::vector<double> values = SymmetricEigenvectors(matrix, 2, vectors);
  EXPECT_NEAR(values[0], 3.0, 1e-12);
  EXPECT_NEAR(values[1], 1.0, 1e-12);
  EXPECT_NEAR(vectors[0], vectors[1], 1e-12);
  EXPECT_NEAR(vectors[2], -vectors[3], 1e-12);
}

TEST(MatrixFactors, PureSvdOfFullRankIsTheMatrix) {
  const std::vector<std::vector<uint32_t>> histories = {{0, 1}, {1, 2}, {2, 3}, {0}};
  ThreadTeam team(2);
  const MatrixFactors factors = FitPureSvd(testing::FromHistories(4, histories), 64, team);
  for (size_t user = 0; user < histories.size(); ++user) {
    for (uint32_t item = 0; item < 4; ++item) {
      const bool has = std::count(histories[user].begin(), histories[user].end(), item) > 0;
      EXPECT_NEAR(factors.Score(user, item), has ? 1.0f : 0.0f, 1e-5f) << user << " " << item;
    }
  }
}

TEST(MatrixFactors, ImplicitScoresTheOwnGroupHigher) {
  const Interactions interactions = testing::Grouped(60, 40, 2, 12);
  ThreadTeam team(2);
  const MatrixFactors factors = FitImplicit(interactions, {.rank = 4}, team);
  for (size_t user = 0; user < 60; ++user) {
    float own = 0.0f;
    float other = 0.0f;
    for (size_t item = 0; item < 40; ++item) {
      (item % 2 == user % 2 ? own : other) += factors.Score(user, item);
    }
    EXPECT_GT(own, other) << user;
  }
}

TEST(MatrixFactors, RatingsAreFound) {
  const Interactions interactions = testing::Grouped(60, 40, 2, 16);
  ThreadTeam team(2);
  const MatrixFactors factors = FitRatings(interactions, {.rank = 4}, team);
  double miss = 0.0;
  for (size_t user = 0; user < 60; ++user) {
    for (size_t i = 0; i < interactions.ItemsOf(user).size(); ++i) {
      const double error = static_cast<double>(factors.Score(user, interactions.ItemsOf(user)[i])) -
                           static_cast<double>(interactions.RatingsOf(user)[i]);
      miss += error * error;
    }
  }
  EXPECT_LT(miss / static_cast<double>(interactions.size()), 0.25);
}

TEST(MatrixFactors, SameBitsForAnyThreads) {
  const Interactions interactions = testing::Grouped(150, 70, 3, 10);
  ThreadTeam one(1);
  ThreadTeam three(3);
  const auto expect_same = [](const MatrixFactors& a, const MatrixFactors& b) {
    EXPECT_EQ(a.users, b.users);
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.user_biases, b.user_biases);
    EXPECT_EQ(a.item_biases, b.item_biases);
  };
  expect_same(FitImplicit(interactions, {.rank = 8}, one),
              FitImplicit(interactions, {.rank = 8}, three));
  expect_same(FitRatings(interactions, {.rank = 8}, one),
              FitRatings(interactions, {.rank = 8}, three));
  expect_same(FitPureSvd(interactions, 8, one), FitPureSvd(interactions, 8, three));
}

}  // namespace
}  // namespace rowmill
