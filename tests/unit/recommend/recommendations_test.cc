#include "recommend/recommendations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Four items that somebody has, of two kinds, and one that nobody has.
class RecommendationsTest : public ::testing::Test {
 protected:
  RecommendationsTest() : content_(5, 2), team_(1) {
    const std::vector<float> space = {1, 0}, love = {0, 1};
    content_.Set(0, "alien planet", space);
    content_.Set(1, "alien ship", space);
    content_.Set(2, "wedding day", love);
    content_.Set(3, "wedding night", love);
    content_.Set(4, "alien moon", space);
    content_.IndexWords();
    data_.interactions = &interactions_;
    data_.content = &content_;
    data_.kernels = &testing::Kernels();
    data_.team = &team_;
    Mixture mixture;
    mixture.lambda = 1.0;
    recommender_.emplace(Recommender::Fit(data_, mixture));
    source_ = {&*recommender_, &content_, 4};
  }

  std::vector<Recommendation> For(size_t user, const RecommendationOptions& options = {}) {
    return Recommend(source_, user, interactions_.ItemsOf(user), options, scratch_);
  }

  static std::vector<uint32_t> Items(const std::vector<Recommendation>& list) {
    std::vector<uint32_t> items;
    for (const Recommendation& one : list) items.push_back(one.item);
    return items;
  }

  Interactions interactions_ =
      testing::FromHistories(4, {{0, 1}, {0, 1}, {2, 3}, {3, 2}, {0}, {}, {0, 1, 2, 3}});
  ItemContent content_;
  ThreadTeam team_;
  RecommenderData data_;
  std::optional<Recommender> recommender_;
  RecommendationSource source_;
  RecommendScratch scratch_;
};

TEST_F(RecommendationsTest, WhatTheUserHasIsLeftOut) {
  EXPECT_THAT(Items(For(0)), UnorderedElementsAre(2, 3));
  EXPECT_EQ(Items(For(4)).front(), 1u);
  EXPECT_THAT(For(6), IsEmpty());
  EXPECT_THAT(For(6, {.count = 3, .seen = RecommendationOptions::Seen::kKeep}), SizeIs(3));
}

TEST_F(RecommendationsTest, ReasonsAreItemsAndWordsOfTheHistory) {
  const Recommendation best = For(4).front();
  EXPECT_EQ(best.basis, Basis::kHistory);
  ASSERT_THAT(best.reasons, SizeIs(1));
  EXPECT_EQ(best.reasons[0].item, 0u);
  EXPECT_EQ(best.reasons[0].share, 1.0f);
}

TEST_F(RecommendationsTest, WithoutHistoryWhatMostTook) {
  const std::vector<Recommendation> list = For(5, {.count = 2});
  EXPECT_THAT(Items(list), ElementsAre(0, 1));
  EXPECT_EQ(list[0].basis, Basis::kPopularity);
  EXPECT_EQ(list[0].score, 4.0f);
  EXPECT_THAT(list[0].reasons, IsEmpty());
}

TEST_F(RecommendationsTest, PlacesForWhatNobodyHasTaken) {
  const std::vector<Recommendation> list = For(4, {.count = 2, .num_new = 1});
  ASSERT_THAT(Items(list), ElementsAre(1, 4));
  EXPECT_EQ(list[1].basis, Basis::kContent);
  ASSERT_THAT(list[1].reasons, SizeIs(1));
  EXPECT_EQ(list[1].reasons[0].item, 0u);
}

}  // namespace
}  // namespace rowmill
