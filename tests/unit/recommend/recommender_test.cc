#include "recommend/recommender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

constexpr float kNever = -std::numeric_limits<float>::infinity();

RecommenderData Data(const Interactions& interactions, ThreadTeam& team) {
  RecommenderData data;
  data.interactions = &interactions;
  data.kernels = &testing::Kernels();
  data.team = &team;
  return data;
}

TEST(Recommender, HistoryCountsByItsAge) {
  EXPECT_EQ(HistoryWeight(1.0f, 1'000'000'000), 1.0f);
  EXPECT_EQ(HistoryWeight(0.5f, 0), 1.0f);
  EXPECT_EQ(HistoryWeight(0.5f, 3), 0.125f);
  EXPECT_EQ(HistoryWeight(0.5f, 20), 0.0f);  // below what single precision would show
}

TEST(Recommender, BestItemsInOrderOfScoreThenPosition) {
  const std::vector<float> scores = {1, 3, kNever, 3, 2};
  EXPECT_THAT(BestItems(scores, 3), ElementsAre(1, 3, 4));
  EXPECT_THAT(BestItems(scores, 9), ElementsAre(1, 3, 4, 0));
}

TEST(Recommender, TiesCountAgainstTheItem) {
  const std::vector<float> scores = {1, 3, kNever, 3, 2};
  EXPECT_EQ(RankOf(scores, 1), 2u);
  EXPECT_EQ(RankOf(scores, 0), 4u);
}

// Item 1 follows from item 0 by 1/3 and nothing else is known of it: the score is that over the
// root of the mean square of (0, 1/3).
TEST(Recommender, ScoresByHand) {
  const Interactions interactions = testing::FromHistories(2, {{0, 1}, {0}});
  ThreadTeam team(1);
  Mixture mixture;
  mixture.lambda = 1.0;
  const Recommender recommender = Recommender::Fit(Data(interactions, team), mixture);
  EXPECT_THAT(recommender.popularity(), ElementsAre(2, 1));
  ScoreScratch scratch;
  std::vector<float> scores(2);
  recommender.Score(1, interactions.ItemsOf(1), scratch, scores);
  EXPECT_EQ(scores[0], 0.0f);
  EXPECT_NEAR(scores[1], std::sqrt(2.0f), 1e-5f);
  EXPECT_NEAR(recommender.Contribution(interactions.ItemsOf(1), 0, 1, scratch), scores[1], 1e-5f);
}

TEST(Recommender, MixtureIsChosenAlikeByAnyThreadsAndInstructionSet) {
  const Interactions interactions = testing::Grouped(100, 60, 3, 9);
  ThreadTeam one(1);
  ThreadTeam three(3);
  RecommenderData scalar = Data(interactions, three);
  scalar.kernels = &testing::Kernels("scalar");
  const Mixture a = ChooseMixture(Data(interactions, one));
  const Mixture b = ChooseMixture(scalar);
  EXPECT_EQ(MixtureEntries(a), MixtureEntries(b));
  const Recommender by_one = Recommender::Fit(Data(interactions, one), a);
  const Recommender by_three = Recommender::Fit(scalar, b);
  ScoreScratch scratch;
  std::vector<float> x(60), y(60);
  for (size_t user = 0; user < 100; ++user) {
    by_one.Score(user, interactions.ItemsOf(user), scratch, x);
    by_three.Score(user, interactions.ItemsOf(user), scratch, y);
    ASSERT_EQ(x, y) << user;
  }
}

TEST(Recommender, OneInteractionEachIsEnough) {
  const Interactions interactions = testing::FromHistories(3, {{0}, {1}, {}, {2}});
  ThreadTeam team(2);
  const Mixture mixture = ChooseMixture(Data(interactions, team));  // nobody can judge
  const Recommender recommender = Recommender::Fit(Data(interactions, team), mixture);
  ScoreScratch scratch;
  std::vector<float> scores(3);
  recommender.Score(0, interactions.ItemsOf(0), scratch, scores);
  EXPECT_THAT(scores, ElementsAre(0, 0, 0));
}

TEST(Recommender, StopsWhenAsked) {
  const Interactions interactions = testing::Grouped(30, 20, 2, 5);
  ThreadTeam team(1);
  RecommenderData data = Data(interactions, team);
  data.stop_requested = [] { return true; };
  EXPECT_THROW(ChooseMixture(data), StoppedError);
  EXPECT_THROW(Recommender::Fit(data, {}), StoppedError);
}

}  // namespace
}  // namespace rowmill
