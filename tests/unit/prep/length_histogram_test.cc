#include "prep/length_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace rowmill {
namespace {

TEST(LengthHistogramTest, PercentilesAreNearTheTrueOnes) {
  std::mt19937 random(17);
  LengthHistogram histogram;
  std::vector<uint64_t> lengths;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t length = random() % (uint64_t{1} << (random() % 20));
    lengths.push_back(length);
    histogram.Add(length);
  }
  std::sort(lengths.begin(), lengths.end());
  EXPECT_EQ(histogram.min(), lengths.front());
  EXPECT_EQ(histogram.max(), lengths.back());
  for (const unsigned percent : {1u, 10u, 25u, 50u, 75u, 90u, 99u, 100u}) {
    const uint64_t exact = lengths[(lengths.size() * percent + 99) / 100 - 1];
    const uint64_t found = histogram.Percentile(percent);
    EXPECT_LE(found, exact) << percent;
    EXPECT_GE(static_cast<double>(found + 1), 0.88 * static_cast<double>(exact + 1)) << percent;
  }
}

TEST(LengthHistogramTest, EveryLengthHasABucketNotBeyondIt) {
  for (uint64_t length = 0; length < (uint64_t{1} << 62); length = length * 3 / 2 + 1) {
    LengthHistogram histogram;
    histogram.Add(length);
    histogram.Add(0);
    histogram.Add(UINT64_MAX);
    EXPECT_LE(histogram.Percentile(66), length);
    EXPECT_EQ(histogram.max(), UINT64_MAX);
  }
}

TEST(LengthHistogramTest, OutliersAreFarFromTheRest) {
  LengthHistogram histogram;
  for (int i = 0; i < 1000; ++i) histogram.Add(100 + static_cast<uint64_t>(i % 20));
  LengthOutliers outliers = histogram.FindOutliers();
  EXPECT_EQ(outliers.num_long, 0u);
  EXPECT_EQ(outliers.num_short, 0u);
  histogram.Add(2);
  histogram.Add(5'000);
  histogram.Add(1'000'000);
  histogram.Add(400);  // Four times the others is no outlier.
  outliers = histogram.FindOutliers();
  EXPECT_EQ(outliers.num_long, 2u);
  EXPECT_EQ(outliers.num_short, 1u);
  EXPECT_GT(outliers.long_from, 800u);
  EXPECT_LE(outliers.long_from, 5'000u);
  EXPECT_GT(outliers.short_below, 2u);
}

TEST(LengthHistogramTest, FewRowsHaveNoOutliers) {
  LengthHistogram histogram;
  for (int i = 0; i < 10; ++i) histogram.Add(10);
  histogram.Add(1'000'000);
  EXPECT_EQ(histogram.FindOutliers().num_long, 0u);
  EXPECT_EQ(LengthHistogram().Percentile(50), 0u);
  EXPECT_EQ(LengthHistogram().min(), 0u);
}

TEST(LengthHistogramTest, PartsAddUp) {
  LengthHistogram whole;
  LengthHistogram parts[2];
  for (uint64_t i = 0; i < 500; ++i) {
    whole.Add(i * i);
    parts[i % 2].Add(i * i);
  }
  parts[1].Merge(parts[0]);
  EXPECT_EQ(parts[1].count(), whole.count());
  EXPECT_EQ(parts[1].total(), whole.total());
  EXPECT_EQ(parts[1].min(), whole.min());
  EXPECT_EQ(parts[1].max(), whole.max());
  for (unsigned p = 1; p <= 100; ++p) EXPECT_EQ(parts[1].Percentile(p), whole.Percentile(p));
}

}  // namespace
}  // namespace rowmill
