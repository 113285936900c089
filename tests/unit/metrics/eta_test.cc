#include "metrics/eta.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(EtaTest, SaysNothingBeforeAnythingIsKnown) {
  EtaEstimator eta(1000, 5.0);
  EXPECT_FALSE(eta.Estimate(5.0).has_value());
  eta.Update(6.0, 0);
  EXPECT_FALSE(eta.Estimate(6.0).has_value()) << "no tokens";
  EtaEstimator instant(1000, 5.0);
  instant.Update(5.0, 100);
  EXPECT_FALSE(instant.Estimate(5.0).has_value()) << "no time";
}

TEST(EtaTest, AConstantRateIsFoundExactly) {
  EtaEstimator eta(100'000, 50.0);
  for (int second = 1; second <= 40; ++second) {
    eta.Update(50.0 + second, static_cast<uint64_t>(1000 * second));
  }
  const Eta estimate = eta.Estimate(90.0).value();
  EXPECT_NEAR(estimate.seconds, 60.0, 1e-9);
  EXPECT_NEAR(estimate.low, 60.0, 1e-6);
  EXPECT_NEAR(estimate.high, 60.0, 1e-6);
  EXPECT_NEAR(estimate.tokens_per_second, 1000.0, 1e-9);
  // Time goes on without an update.
  EXPECT_NEAR(eta.Estimate(95.0).value().seconds, 55.0, 1e-9);
  EXPECT_EQ(eta.Estimate(500.0).value().seconds, 0.0);
}

TEST(EtaTest, TheFirstEstimateIsWide) {
  EtaEstimator eta(1000, 0.0);
  eta.Update(1.0, 100);
  const Eta estimate = eta.Estimate(1.0).value();
  EXPECT_NEAR(estimate.seconds, 9.0, 1e-9);
  EXPECT_LE(estimate.low, 6.0);
  EXPECT_GE(estimate.high, 18.0);
}

TEST(EtaTest, NothingLeftIsNoTime) {
  EtaEstimator eta(100, 0.0);
  eta.Update(1.0, 50);
  eta.Update(2.0, 100);
  EXPECT_EQ(eta.Estimate(2.0).value().seconds, 0.0);
  eta.Update(3.0, 110);  // Costs are estimates; there may be more than was thought.
  EXPECT_EQ(eta.Estimate(3.0).value().high, 0.0);
}

// A slow start, or a machine that others begin to use, is forgotten after as much time again.
TEST(EtaTest, FollowsAChangeOfTheRate) {
  EtaEstimator eta(1'000'000, 0.0);
  uint64_t tokens = 0;
  double second = 0.0;
  for (; second < 100.0; second += 1.0) eta.Update(second, tokens += 1000);
  for (; second < 200.0; second += 1.0) eta.Update(second, tokens += 250);
  const Eta estimate = eta.Estimate(second).value();
  const double expected = (1'000'000.0 - static_cast<double>(tokens)) / 250.0;
  EXPECT_NEAR(estimate.seconds, expected, 0.05 * expected);
  EXPECT_GT(estimate.high - estimate.low, 0.2 * expected) << "a rate that changed may change again";
}

TEST(EtaTest, AStallDoesNotMakeItInfinite) {
  EtaEstimator eta(1000, 0.0);
  eta.Update(1.0, 100);
  for (int second = 2; second < 100; ++second) eta.Update(second, 100);
  const Eta estimate = eta.Estimate(99.0).value();
  EXPECT_TRUE(std::isfinite(estimate.seconds));
  EXPECT_TRUE(std::isfinite(estimate.high));
  EXPECT_GT(estimate.seconds, 100.0);
}

TEST(EtaTest, RefusesTimeThatGoesBackwards) {
  EtaEstimator eta(1000, 0.0);
  eta.Update(2.0, 10);
  EXPECT_THROW(eta.Update(1.0, 20), InternalError);
  EXPECT_THROW(eta.Update(3.0, 5), InternalError);
  EXPECT_THROW((void)eta.Estimate(1.0), InternalError);
}

// Sub-tasks of random cost: the truth has to lie between the bounds about as often as promised,
// from early in the run to late, and the estimate itself has to be close. The seeds are fixed, so
// the counts are, too.
TEST(EtaTest, TheBoundsHoldTheTruth) {
  int estimates = 0;
  int within = 0;
  double worst_late_error = 0.0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    constexpr int kSubTasks = 400;
    constexpr uint64_t kTokens = 1000;
    double durations[kSubTasks];
    double total_seconds = 0.0;
    for (double& duration : durations) {
      duration = 0.5 + static_cast<double>(random() % 1000) / 1000.0;
      total_seconds += duration;
    }
    EtaEstimator eta(kSubTasks * kTokens, 0.0);
    double now = 0.0;
    for (int i = 0; i < kSubTasks; ++i) {
      now += durations[i];
      eta.Update(now, static_cast<uint64_t>(i + 1) * kTokens);
      if (i != 20 && i != 50 && i != 100 && i != 200 && i != 300) continue;
      const Eta estimate = eta.Estimate(now).value();
      const double truth = total_seconds - now;
      ++estimates;
      within += estimate.low <= truth && truth <= estimate.high ? 1 : 0;
      EXPECT_LE(estimate.low, estimate.seconds);
      EXPECT_LE(estimate.seconds, estimate.high);
      if (i == 300) {
        worst_late_error = std::max(worst_late_error, std::abs(estimate.seconds - truth) / truth);
        EXPECT_LT(estimate.high - estimate.low, 0.4 * truth) << "bounds that say nothing";
      }
    }
  }
  EXPECT_EQ(estimates, 1000);
  EXPECT_GE(within, 900);
  EXPECT_LT(worst_late_error, 0.2);
}

}  // namespace
}  // namespace rowmill
