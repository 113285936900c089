#include "metrics/quantile_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

// Nearest rank, from the sorted values themselves.
uint64_t TrueQuantile(const std::vector<uint64_t>& sorted, double fraction) {
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (static_cast<double>(i + 1) >= fraction * static_cast<double>(sorted.size())) {
      return sorted[i];
    }
  }
  return sorted.back();
}

TEST(QuantileHistogramTest, Empty) {
  const QuantileHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Quantile(0.5), 0u);
  EXPECT_EQ(histogram.Mean(), 0.0);
}

TEST(QuantileHistogramTest, SmallValuesAreExact) {
  QuantileHistogram histogram;
  for (uint64_t value = 0; value < 128; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.Quantile(0.0), 0u);
  EXPECT_EQ(histogram.Quantile(0.5), 63u);
  EXPECT_EQ(histogram.Quantile(0.95), 121u);
  EXPECT_EQ(histogram.Quantile(1.0), 127u);
  EXPECT_EQ(histogram.Mean(), 63.5);
}

TEST(QuantileHistogramTest, OneValueIsExactHoweverLarge) {
  for (const uint64_t value : {uint64_t{1000}, uint64_t{1} << 40, UINT64_MAX}) {
    QuantileHistogram histogram;
    histogram.Add(value);
    EXPECT_EQ(histogram.Quantile(0.5), value);
    EXPECT_EQ(histogram.min(), value);
    EXPECT_EQ(histogram.max(), value);
  }
}

// The stated bound, at every power of two and its neighbours, between two values that keep the
// known ends away.
TEST(QuantileHistogramTest, ErrorIsWithinTheBoundForEveryMagnitude) {
  for (int bit = 0; bit < 63; ++bit) {
    const uint64_t power = uint64_t{1} << bit;
    for (const uint64_t value : {power - 1, power, power + 1, power + power / 3, 2 * power - 1}) {
      QuantileHistogram histogram;
      histogram.Add(0);
      histogram.Add(value);
      histogram.Add(UINT64_MAX);
      const uint64_t found = histogram.Quantile(0.5);
      const uint64_t error = found > value ? found - value : value - found;
      EXPECT_LE(error, value / 128) << value;
    }
  }
}

TEST(QuantileHistogramTest, QuantilesOfRandomValuesAreWithinTheBound) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<uint64_t> values;
    QuantileHistogram histogram;
    for (int i = 0; i < 1000; ++i) {
      values.push_back(random() >> (random() % 64));
      histogram.Add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double fraction : {0.0, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0}) {
      const auto expected = static_cast<double>(TrueQuantile(values, fraction));
      EXPECT_NEAR(static_cast<double>(histogram.Quantile(fraction)), expected, expected / 128)
          << "seed " << seed << ", fraction " << fraction;
    }
  }
}

TEST(QuantileHistogramTest, MergingEqualsAddingAll) {
  std::mt19937_64 random(9);
  QuantileHistogram all;
  QuantileHistogram parts[3];
  for (int i = 0; i < 3000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    all.Add(value);
    parts[i % 2].Add(value);  // the last one stays empty
  }
  QuantileHistogram merged;
  for (const int part : {2, 1, 0, 2}) merged.Merge(parts[part]);
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_EQ(merged.Mean(), all.Mean());
  for (int percent = 0; percent <= 100; ++percent) {
    EXPECT_EQ(merged.Quantile(percent / 100.0), all.Quantile(percent / 100.0));
  }
}

TEST(QuantileHistogramTest, TheMeanSurvivesSumsBeyond64Bits) {
  QuantileHistogram histogram;
  for (int i = 0; i < 5; ++i) histogram.Add(UINT64_MAX);
  EXPECT_DOUBLE_EQ(histogram.Mean(), std::ldexp(1.0, 64));
}

TEST(QuantileHistogramTest, RefusesFractionsOutsideOfZeroToOne) {
  QuantileHistogram histogram;
  histogram.Add(1);
  EXPECT_THROW(histogram.Quantile(-0.1), InternalError);
  EXPECT_THROW(histogram.Quantile(1.1), InternalError);
  EXPECT_THROW(histogram.Quantile(std::numeric_limits<double>::quiet_NaN()), InternalError);
}

uint64_t Total(const std::vector<HistogramBin>& bins) {
  uint64_t total = 0;
  for (const HistogramBin& bin : bins) total += bin.count;
  return total;
}

TEST(QuantileHistogram, BinsHoldEveryValueOnce) {
  QuantileHistogram narrow;
  for (uint64_t value = 10; value < 30; ++value) narrow.Add(value);
  const std::vector<HistogramBin> each = narrow.Bins(40);
  ASSERT_EQ(each.size(), 20u) << "no more bins than whole numbers";
  for (const HistogramBin& bin : each) EXPECT_EQ(bin.count, 1u) << bin.from;
  EXPECT_EQ(each.front().from, 10.0);

  QuantileHistogram wide;
  for (uint64_t value = 1; value < 100'000; value += 7) wide.Add(value);
  const std::vector<HistogramBin> bins = wide.Bins(40);
  ASSERT_EQ(bins.size(), 40u);
  EXPECT_EQ(Total(bins), wide.count());
  for (size_t i = 1; i < bins.size(); ++i) {
    EXPECT_EQ(bins[i].from, bins[i - 1].to);
    EXPECT_NEAR(bins[i].to / bins[i].from, bins[0].to / bins[0].from, 1e-9);
  }
  QuantileHistogram one;
  one.Add(5);
  EXPECT_EQ(Total(one.Bins(40)), 1u);
  EXPECT_TRUE(QuantileHistogram().Bins(40).empty());
}

}  // namespace
}  // namespace rowmill
