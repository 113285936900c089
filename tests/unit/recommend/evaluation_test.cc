#include "recommend/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "base/error.h"
#include "recommend/random_bits.h"
#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

RecommenderData Data(const Interactions& interactions, ThreadTeam& team) {
  RecommenderData data;
  data.interactions = &interactions;
  data.kernels = &testing::Kernels();
  data.team = &team;
  return data;
}

const ModelFigures& Model(const Evaluation& evaluation, const std::string& name) {
  for (const ModelFigures& model : evaluation.models) {
    if (model.model == name) return model;
  }
  throw std::runtime_error("no model " + name);
}

// The first two outputs of SplitMix64 from state 0, as its authors' code gives them.
TEST(RandomBits, IsSplitMix) {
  EXPECT_EQ(RandomBits(0, 0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(RandomBits(0, 1), 0x6e789e6aa1b965f4u);
}

// Expected items: the sentence of evaluation.h written down in Python.
TEST(DrawNegatives, AsDocumented) {
  std::vector<uint32_t> pool(10);
  std::iota(pool.begin(), pool.end(), 10u);
  const std::vector<uint32_t> before = pool;
  EvaluationOptions options;
  options.num_negatives = 4;
  std::vector<uint32_t> drawn;
  DrawNegatives(pool, 5, 0, options, drawn);
  EXPECT_THAT(drawn, ElementsAre(14, 17, 11, 13));
  EXPECT_EQ(pool, before);
  DrawNegatives(pool, 5, 1, options, drawn);
  EXPECT_THAT(drawn, ElementsAre(17, 18, 19, 11));
  DrawNegatives(pool, 6, 1, options, drawn);
  EXPECT_THAT(drawn, ElementsAre(19, 12, 16, 14));
  options.seed = 1;  // draw 0 from seed 1 is draw 1 from seed 0
  DrawNegatives(pool, 5, 0, options, drawn);
  EXPECT_THAT(drawn, ElementsAre(17, 18, 19, 11));
  options.num_negatives = 100;
  DrawNegatives(pool, 5, 0, options, drawn);
  EXPECT_EQ(drawn.size(), 10u);
}

TEST(Evaluate, PopularityByHand) {
  const Interactions interactions =
      testing::FromHistories(5, {{0, 1, 2}, {0, 1, 2}, {2, 3, 4}, {2, 4, 3}, {2, 0}});
  ThreadTeam team(1);
  EvaluationOptions options;
  options.k = 1;
  options.num_negatives = 4;
  options.num_draws = 2;
  const Evaluation evaluation = Evaluate(Data(interactions, team), options);
  EXPECT_EQ(evaluation.num_judged, 5u);
  // Users of each item without the last ones: 2, 2, 3, 1, 1. User 0 and 1: 2 is first. User 2 looks
  // for 4 among 0, 1 and 4: behind both. User 3 likewise for 3. User 4 looks for 0 among 0, 1, 3
  // and 4: a tie with 1, which counts against it.
  EXPECT_DOUBLE_EQ(Model(evaluation, "popularity").full.hit_rate, 0.4);
  // With four negatives or fewer in all, every draw is everything that the user never took.
  EXPECT_DOUBLE_EQ(Model(evaluation, "popularity").sampled.hit_rate, 0.4);
  EXPECT_EQ(evaluation.rating_rmse, 0.0);  // all ratings are equal
}

TEST(Evaluate, FindsThePatternAndSaysTheSameForAnyThreads) {
  const Interactions interactions = testing::Grouped(120, 80, 4, 10);
  ThreadTeam one(1);
  ThreadTeam three(3);
  EvaluationOptions options;
  options.num_negatives = 20;
  options.num_draws = 3;
  options.k = 5;
  const Evaluation a = Evaluate(Data(interactions, one), options);
  const Evaluation b = Evaluate(Data(interactions, three), options);
  EXPECT_EQ(MixtureEntries(a.mixture), MixtureEntries(b.mixture));
  ASSERT_EQ(a.models.size(), b.models.size());
  for (size_t i = 0; i < a.models.size(); ++i) {
    EXPECT_EQ(a.models[i].sampled.ndcg, b.models[i].sampled.ndcg) << a.models[i].model;
    EXPECT_EQ(a.models[i].full.mrr, b.models[i].full.mrr) << a.models[i].model;
  }
  EXPECT_GT(Model(a, "rowmill").sampled.hit_rate, Model(a, "popularity").sampled.hit_rate + 0.2);
  EXPECT_LT(a.rating_rmse, a.mean_rmse);
}

// What is looked for must not be seen: another last item for everybody, the same mixture.
TEST(Evaluate, TheMixtureDoesNotSeeWhatIsLookedFor) {
  const Interactions interactions = testing::Grouped(60, 40, 2, 8);
  Interactions other = interactions;
  for (size_t user = 0; user < other.num_users(); ++user) {
    const std::span<const uint32_t> history = interactions.ItemsOf(user);
    uint32_t item = 0;
    while (std::count(history.begin(), history.end(), item) > 0) ++item;
    other.items[other.begin[user + 1] - 1] = item;
    other.ratings[other.begin[user + 1] - 1] = 3.0f;
  }
  ThreadTeam team(2);
  EvaluationOptions options;
  options.num_draws = 1;
  EXPECT_EQ(MixtureEntries(Evaluate(Data(interactions, team), options).mixture),
            MixtureEntries(Evaluate(Data(other, team), options).mixture));
}

TEST(Evaluate, NobodyToJudgeIsAnError) {
  const Interactions interactions = testing::FromHistories(2, {{0}, {1}});
  ThreadTeam team(1);
  EXPECT_THROW(Evaluate(Data(interactions, team), {}), DataError);
}

}  // namespace
}  // namespace rowmill
