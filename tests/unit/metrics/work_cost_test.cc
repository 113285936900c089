#include "metrics/work_cost.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowmill {
namespace {

// By kind: step, prompt token, answer token, prompt end, pair.
const WorkCost kTruth = {{4e-3, 5e-4, 9e-4, 2e-4, 1e-7}};
const WorkCost kPrior = {{0.0, 1.0, 1.2, 0.2, 2e-3}};

WorkSample Step(double prompt, double answer, double ends, double position) {
  WorkSample sample;
  sample.work[WorkKind::kStep] = 1;
  sample.work[WorkKind::kPromptToken] = prompt;
  sample.work[WorkKind::kAnswerToken] = answer;
  sample.work[WorkKind::kPromptEnd] = ends;
  sample.work[WorkKind::kTokenPair] = CausalPairs(position, prompt) + answer * position;
  sample.seconds = kTruth.Seconds(sample.work);
  return sample;
}

TEST(WorkCost, FindsThePricesOfVariedSteps) {
  std::vector<WorkSample> samples;
  for (int i = 0; i < 60; ++i) {
    samples.push_back(Step(i % 7 * 32, i % 11 * 9, i % 5, i % 3 * 900 + i));
  }
  const WorkCost cost = FitWorkCost(samples, kPrior);
  for (const WorkSample& sample : {Step(256, 0, 2, 0), Step(0, 32, 0, 4000), Step(256, 0, 0, 8000)})
    EXPECT_NEAR(cost.Seconds(sample.work) / sample.seconds, 1.0, 0.05);
}

TEST(WorkCost, StepsOfOneKindAreExplainedAndTheRestIsThePriors) {
  const std::vector<WorkSample> samples(20, Step(256, 0, 4, 0));
  const WorkCost cost = FitWorkCost(samples, kPrior);
  EXPECT_NEAR(cost.Seconds(samples[0].work) / samples[0].seconds, 1.0, 0.01);
  // No answer was written: its price is the prior's beside a prompt token's.
  EXPECT_GT(cost.prices[2], 0.0);
}

TEST(WorkCost, NoPriceIsNegative) {
  std::vector<WorkSample> samples;
  for (int i = 1; i < 20; ++i) {
    samples.push_back(Step(i, 0, 1, 0));
    samples.back().seconds = 1.0 / i;  // the more tokens, the less time
  }
  for (const double price : FitWorkCost(samples, kPrior).prices) EXPECT_GE(price, 0.0);
}

TEST(WorkCost, NothingMeasuredCostsNothing) {
  EXPECT_EQ(FitWorkCost({}, kPrior).Seconds(Step(1, 1, 1, 1).work), 0.0);
  const std::vector<WorkSample> instant(3);
  EXPECT_EQ(FitWorkCost(instant, kPrior).Seconds(Step(1, 1, 1, 1).work), 0.0);
}

TEST(WorkCost, PairsOfTokensThatFollowOthers) {
  EXPECT_EQ(CausalPairs(0, 3), 1 + 2 + 3);
  EXPECT_EQ(CausalPairs(10, 2), 11 + 12);
}

}  // namespace
}  // namespace rowmill
