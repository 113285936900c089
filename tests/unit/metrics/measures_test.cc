#include "metrics/measures.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

// The design's example: 1000 rows, 5 threads of 200 rows each, 1000 s, 800 right.
TEST(MeasuresTest, TheWorkedExample) {
  const Measures measures = ComputeMeasures({.rows = 1000,
                                             .threads = 5,
                                             .inference_seconds = 1000.0,
                                             .judged_rows = 1000,
                                             .correct_rows = 800});
  EXPECT_DOUBLE_EQ(measures.speed.value(), 0.2);
  EXPECT_DOUBLE_EQ(measures.accuracy.value(), 0.8);
  EXPECT_DOUBLE_EQ(measures.efficiency.value(), 0.2);
}

TEST(MeasuresTest, WithoutGoldThereIsNoAccuracy) {
  const Measures measures = ComputeMeasures({.rows = 10, .threads = 2, .inference_seconds = 5.0});
  EXPECT_DOUBLE_EQ(measures.speed.value(), 0.25);
  EXPECT_FALSE(measures.accuracy.has_value());
}

TEST(MeasuresTest, OnlyRowsWithAGoldValueAreJudged) {
  const Measures measures = ComputeMeasures(
      {.rows = 10, .threads = 1, .inference_seconds = 1.0, .judged_rows = 4, .correct_rows = 3});
  EXPECT_DOUBLE_EQ(measures.accuracy.value(), 0.75);
}

TEST(MeasuresTest, NothingIsDividedByZero) {
  const Measures none = ComputeMeasures({.threads = 4, .inference_seconds = 1.0});
  EXPECT_FALSE(none.speed.has_value());
  EXPECT_FALSE(none.efficiency.has_value());
  EXPECT_FALSE(none.accuracy.has_value());
  EXPECT_FALSE(PerSecond(10, 0.0).has_value());
  EXPECT_FALSE(ParallelEfficiency(1.0, 0.0, 2).has_value());
  EXPECT_FALSE(ParallelEfficiency(1.0, 1.0, 0).has_value());
}

TEST(MeasuresTest, RefusesMoreRightAnswersThanRows) {
  EXPECT_THROW(ComputeMeasures({.rows = 1, .threads = 1, .judged_rows = 1, .correct_rows = 2}),
               InternalError);
}

TEST(MeasuresTest, Rates) {
  EXPECT_DOUBLE_EQ(PerSecond(300, 20.0).value(), 15.0);
  EXPECT_DOUBLE_EQ(ParallelEfficiency(100.0, 30.0, 4).value(), 100.0 / 120.0);
}

}  // namespace
}  // namespace rowmill
