#include "engine/run_sum.h"

#include "gtest/gtest.h"

namespace rowmill {
namespace {

Json OneRun(uint64_t rows, uint64_t shortest, uint64_t longest, uint64_t correct) {
  return {{"task", "classify"},
          {"units", 2},
          {"threads_per_unit", 1},
          {"rows", {{"total", rows}, {"ok", rows}}},
          {"tokens", {{"computed", 10 * rows}, {"generated", 0}}},
          {"preprocessing",
           {{"rows", rows},
            {"changed_rows", 1u},
            {"shortest_characters", shortest},
            {"median_characters", shortest},
            {"p99_characters", longest},
            {"longest_characters", longest},
            {"short_outliers_below", 3},
            {"long_outliers_from", 900}}},
          {"gold", {{"rows", rows}, {"correct", correct}}},
          {"measures",
           {{"wall_seconds", 2.0},
            {"inference_seconds", 1.0},
            {"stages", {{"load", 0.5}, {"plan", 0.25}, {"inference", 1.0}, {"write", 0.125}}}}}};
}

TEST(RunSumTest, CountsAddUpAndMeasuresFollowFromThem) {
  const Json sum = SumOfRuns({OneRun(10, 5, 80, 9), OneRun(30, 7, 200, 15)});
  EXPECT_EQ(sum["rows"]["total"], 40u);
  EXPECT_EQ(sum["tokens"]["computed"], 400u);
  EXPECT_DOUBLE_EQ(sum["measures"]["accuracy"].get<double>(), 0.6);
  EXPECT_DOUBLE_EQ(sum["measures"]["rows_per_second"].get<double>(), 10.0);
  EXPECT_DOUBLE_EQ(sum["measures"]["speed"].get<double>(), 2.0 / (40 * 2));
  EXPECT_DOUBLE_EQ(sum["measures"]["stages"]["plan"].get<double>(), 0.5);
}

TEST(RunSumTest, LengthsDoNotAddUp) {
  const Json prep = SumOfRuns({OneRun(10, 5, 80, 9), OneRun(30, 7, 200, 15)})["preprocessing"];
  EXPECT_EQ(prep["rows"], 40u);
  EXPECT_EQ(prep["changed_rows"], 2u);
  EXPECT_EQ(prep["shortest_characters"], 5u);
  EXPECT_EQ(prep["longest_characters"], 200u);
  for (const char* name :
       {"median_characters", "p99_characters", "short_outliers_below", "long_outliers_from"}) {
    EXPECT_FALSE(prep.contains(name)) << name;
  }
}

TEST(RunSumTest, AFileWithoutRowsHasNoShortestText) {
  const Json prep = SumOfRuns({OneRun(0, 0, 0, 0), OneRun(30, 7, 200, 15)})["preprocessing"];
  EXPECT_EQ(prep["shortest_characters"], 7u);
}

}  // namespace
}  // namespace rowmill
