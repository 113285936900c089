#include "metrics/ranking.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(Ranking, GainHalvesAtTheThirdPlace) {
  EXPECT_DOUBLE_EQ(RankGain(1), 1.0);
  EXPECT_DOUBLE_EQ(RankGain(3), 0.5);
  EXPECT_DOUBLE_EQ(RankGain(7), 1.0 / 3.0);
}

TEST(Ranking, MeansOverAllThatWereLookedFor) {
  RankingSum sum(3);
  for (const uint64_t rank : {1, 3, 4, 100}) sum.Add(rank);
  EXPECT_EQ(sum.count(), 4u);
  EXPECT_DOUBLE_EQ(sum.hit_rate(), 0.5);
  EXPECT_DOUBLE_EQ(sum.ndcg(), 1.5 / 4.0);
  EXPECT_DOUBLE_EQ(sum.mrr(), (1.0 + 1.0 / 3.0) / 4.0);
}

TEST(Ranking, WithoutCutOffEveryRankCounts) {
  RankingSum sum(0);
  sum.Add(1000);
  EXPECT_DOUBLE_EQ(sum.hit_rate(), 1.0);
}

TEST(Ranking, NothingIsZero) {
  const RankingSum sum(10);
  EXPECT_EQ(sum.hit_rate(), 0.0);
  EXPECT_EQ(sum.ndcg(), 0.0);
}

}  // namespace
}  // namespace rowmill
