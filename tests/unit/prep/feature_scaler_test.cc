#include "prep/feature_scaler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

FeatureScaler Learned(const std::vector<double>& values) {
  FeatureScaler scaler;
  for (const double value : values) scaler.Add(value);
  return scaler;
}

TEST(FeatureScalerTest, LearnsMeanAndDeviation) {
  const FeatureScaler scaler = Learned({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(scaler.Mean(), 5);
  EXPECT_EQ(scaler.StandardDeviation(), 2);
  EXPECT_EQ(scaler.Min(), 2);
  EXPECT_EQ(scaler.Max(), 9);
  EXPECT_EQ(scaler.Fit(Scaling::kZScore).Apply(9), 2);
  EXPECT_EQ(scaler.Fit(Scaling::kZScore).Apply(5), 0);
  EXPECT_EQ(scaler.Fit(Scaling::kMinMax).Apply(2), 0);
  EXPECT_EQ(scaler.Fit(Scaling::kMinMax).Apply(9), 1);
  EXPECT_EQ(scaler.Fit(Scaling::kMinMax).Apply(16), 2);
}

// A naive E[x^2] - E[x]^2 gives 0 or a negative variance here.
TEST(FeatureScalerTest, NothingCancels) {
  EXPECT_EQ(Learned({1e15, 1e15 + 2}).StandardDeviation(), 1);
  EXPECT_EQ(Learned({1.7e18, 1.7e18 + 256}).StandardDeviation(), 128);
  EXPECT_EQ(Learned({-1e15, -1e15 - 2, -1e15 + 2, -1e15}).Mean(), -1e15);
}

TEST(FeatureScalerTest, ExtremeColumnsStayFinite) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  const FeatureScaler wide = Learned({-kHuge, kHuge, kHuge, -kHuge});
  EXPECT_EQ(wide.Mean(), 0);
  EXPECT_EQ(wide.StandardDeviation(), kHuge);
  EXPECT_EQ(wide.Fit(Scaling::kMinMax).Apply(kHuge), 1);
  EXPECT_EQ(wide.Fit(Scaling::kMinMax).Apply(0), 0.5);
  EXPECT_EQ(wide.Fit(Scaling::kZScore).Apply(kHuge), 1);
  EXPECT_EQ(Learned({kHuge, kHuge, kHuge}).Mean(), kHuge);
}

TEST(FeatureScalerTest, ConstantColumnsBecomeZero) {
  const FeatureScaler scaler = Learned({7, 7, 7});
  EXPECT_EQ(scaler.StandardDeviation(), 0);
  EXPECT_EQ(scaler.Fit(Scaling::kZScore).Apply(7), 0);
  EXPECT_EQ(scaler.Fit(Scaling::kMinMax).Apply(100), 0);
}

TEST(FeatureScalerTest, WhatIsNotFiniteIsCountedAndPassed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const FeatureScaler scaler = Learned({1, nan, 3, -std::numeric_limits<double>::infinity()});
  EXPECT_EQ(scaler.count(), 2u);
  EXPECT_EQ(scaler.num_not_finite(), 2u);
  EXPECT_EQ(scaler.Mean(), 2);
  EXPECT_TRUE(std::isnan(scaler.Fit(Scaling::kZScore).Apply(nan)));
}

TEST(FeatureScalerTest, WithoutValuesThereIsNothingToFit) {
  EXPECT_THROW(FeatureScaler().Fit(Scaling::kZScore), InternalError);
  EXPECT_THROW(FeatureScaler().Mean(), InternalError);
}

TEST(FeatureScalerTest, OrderAndPartsChangeNothing) {
  std::mt19937 random(43);
  std::vector<double> values = {0.0, -0.0};
  for (int i = 0; i < 300; ++i) {
    values.push_back(
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 80) - 60));
  }
  const FeatureScaler whole = Learned(values);
  long double sum = 0;
  for (const double value : values) sum += value;
  EXPECT_NEAR(whole.Mean() / static_cast<double>(sum / static_cast<long double>(values.size())), 1,
              1e-12);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    FeatureScaler merged;
    for (size_t begin = 0; begin < values.size(); begin += 37) {
      const size_t end = std::min(values.size(), begin + 37);
      merged.Merge(Learned({values.begin() + static_cast<std::ptrdiff_t>(begin),
                            values.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
    EXPECT_EQ(merged.Mean(), whole.Mean());
    EXPECT_EQ(merged.StandardDeviation(), whole.StandardDeviation());
    EXPECT_EQ(merged.Min(), whole.Min());
    EXPECT_FALSE(std::signbit(merged.Min()));
  }
}

// Against a straightforward two-pass computation in long double.
TEST(FeatureScalerTest, AgreesWithTwoPasses) {
  std::mt19937 random(47);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values;
    for (int i = 0; i < 50; ++i) values.push_back(static_cast<double>(random()) / 1e6 - 1000);
    long double mean = 0;
    for (const double value : values) mean += value;
    mean /= static_cast<long double>(values.size());
    long double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean);
    variance /= static_cast<long double>(values.size());
    const double expected = static_cast<double>(std::sqrt(variance));
    EXPECT_NEAR(Learned(values).StandardDeviation(), expected, expected * 1e-14);
  }
}

}  // namespace
}  // namespace rowmill
