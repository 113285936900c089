#include "recommend/rerank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "recommend/random_bits.h"
#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(LikedItems, AreTheLastOfThoseAboveTheMeanOldestFirst) {
  const std::vector<uint32_t> history = {7, 8, 9, 10};
  const std::vector<float> ratings = {5, 1, 4, 2};  // mean 3
  EXPECT_THAT(LikedItems(history, ratings), ElementsAre(7, 9));
  EXPECT_THAT(LikedItems({}, {}), IsEmpty());
  std::vector<uint32_t> many(40);
  for (uint32_t i = 0; i < 40; ++i) many[i] = i;
  const std::vector<float> equal(40, 3.0f);
  const std::vector<uint32_t> liked = LikedItems(many, equal);
  ASSERT_EQ(liked.size(), kRerankHistory);
  EXPECT_EQ(liked.front(), 40 - kRerankHistory);
  EXPECT_EQ(liked.back(), 39u);
}

TEST(RerankOrder, MixesStandardisedScores) {
  const std::vector<float> scores = {3, 2, 1};
  const std::vector<double> titles = {-9, -5, -1};
  EXPECT_THAT(RerankOrder(scores, titles, 0.0), ElementsAre(0, 1, 2));
  EXPECT_THAT(RerankOrder(scores, titles, 0.9), ElementsAre(0, 1, 2));
  EXPECT_THAT(RerankOrder(scores, titles, 1.1), ElementsAre(2, 1, 0));
  // Units do not matter, and equal titles say nothing.
  EXPECT_THAT(RerankOrder(scores, std::vector<double>{-900, -500, -100}, 1.1),
              ElementsAre(2, 1, 0));
  EXPECT_THAT(RerankOrder(scores, std::vector<double>{-5, -5, -5}, 9.0), ElementsAre(0, 1, 2));
}

TEST(RerankOrder, WhatHasNoTitleIsLikeTheMean) {
  const std::vector<float> scores = {3, 2, 1};
  EXPECT_THAT(RerankOrder(scores, std::vector<double>{kNone, kNone, kNone}, 5.0),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(RerankOrder(scores, std::vector<double>{-9, kNone, -1}, 5.0), ElementsAre(2, 1, 0));
}

TEST(SpreadUsers, AreThoseWithSomethingHeldOut) {
  LastOut held_out;
  held_out.items = {1, kNoItem, 2, 3, kNoItem, 4};
  EXPECT_THAT(SpreadUsers(held_out, 10), ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(SpreadUsers(held_out, 2), ElementsAre(0, 3));
}

// Titles' scores that know what was held out, or that say the opposite.
class ChooseRerankWeightTest : public ::testing::Test {
 protected:
  ChooseRerankWeightTest() : interactions_(Grouped()), held_out_(TakeLastOut(interactions_)) {
    data_.interactions = &interactions_;
    data_.kernels = &testing::Kernels();
    data_.team = &team_;
  }

  static Interactions Grouped() { return testing::Grouped(60, 80, 4, 12); }

  float Choose(double right) {
    const ScoreTitles score = [&](std::span<const RerankQuestion> questions) {
      std::vector<std::vector<double>> out;
      for (const RerankQuestion& question : questions) {
        out.emplace_back(question.candidates.size(), -5.0);
        bool has_one = false;
        for (size_t i = 0; i < question.candidates.size(); ++i) {
          for (size_t user = 0; user < held_out_.items.size(); ++user) {
            if (question.candidates[i] != held_out_.items[user]) continue;
            if (LikedItems(held_out_.rest.ItemsOf(user), held_out_.rest.RatingsOf(user)) !=
                question.liked) {
              continue;
            }
            out.back()[i] = right;
            has_one = true;
          }
        }
        EXPECT_TRUE(has_one) << "asked about a user whose item is not among the candidates";
      }
      return out;
    };
    return ChooseRerankWeight(data_, Mixture(), score, 50);
  }

  Interactions interactions_;
  LastOut held_out_;
  ThreadTeam team_{2};
  RecommenderData data_;
};

TEST_F(ChooseRerankWeightTest, TakesWhatHelpsAndLeavesWhatDoesNot) {
  EXPECT_GT(Choose(-1.0), 0.0f);
  EXPECT_EQ(Choose(-9.0), 0.0f);
}

TEST_F(ChooseRerankWeightTest, AGainWithinTwoStandardErrorsIsNone) {
  // Scores that have nothing to do with what was held out: the best of five weights gains a little
  // with most of these seeds, and nothing that lasts.
  size_t num_taken = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const ScoreTitles score = [&](std::span<const RerankQuestion> questions) {
      std::vector<std::vector<double>> out;
      for (size_t i = 0; i < questions.size(); ++i) {
        out.emplace_back();
        for (const uint32_t item : questions[i].candidates) {
          out.back().push_back(static_cast<double>(RandomBits(seed * 1000 + i, item) % 1000));
        }
      }
      return out;
    };
    num_taken += ChooseRerankWeight(data_, Mixture(), score, 50) > 0.0f ? 1 : 0;
  }
  EXPECT_LE(num_taken, 2u);
}

TEST_F(ChooseRerankWeightTest, ListsAreAppliedToTheScoresOfAllItems) {
  const Recommender recommender = Recommender::Fit(data_, Mixture());
  const ScoreTitles last_is_best = [](std::span<const RerankQuestion> questions) {
    std::vector<std::vector<double>> out;
    for (const RerankQuestion& question : questions) {
      out.emplace_back();
      for (size_t i = 0; i < question.candidates.size(); ++i) {
        out.back().push_back(static_cast<double>(i));
      }
    }
    return out;
  };
  const std::vector<uint32_t> users = SpreadUsers(held_out_, 60);
  const RerankLists lists =
      MakeRerankLists({&recommender, &held_out_, &team_, &last_is_best}, users);
  size_t num_asked = 0;
  for (size_t place = 0; place < users.size(); ++place) {
    std::vector<float> scores(80, -100.0f);
    const std::vector<uint32_t>& candidates = lists.questions[place].candidates;
    for (size_t i = 0; i < candidates.size(); ++i) scores[candidates[i]] = lists.scores[place][i];
    std::vector<float> applied = scores;
    ApplyRerank(lists, place, 1e6, applied);
    if (lists.title_scores[place].empty()) {
      EXPECT_EQ(applied, scores);
      continue;
    }
    ++num_asked;
    for (size_t i = 0; i < candidates.size(); ++i) {
      EXPECT_EQ(applied[candidates[i]], lists.scores[place][candidates.size() - 1 - i]);
    }
  }
  EXPECT_GT(num_asked, 10u);
}

}  // namespace
}  // namespace rowmill
