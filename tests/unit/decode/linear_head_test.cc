#include "decode/linear_head.h"

#include <gmock/gmock.h>

#include <cmath>

namespace rowmill {
namespace {

TEST(LinearHead, MultipliesAndAdds) {
  const LinearHead head = {2, 3, {1, 2, 3, -1, 0, 1}, {0.5, -0.5}};
  const std::vector<float> x = {1, 10, 100};
  EXPECT_THAT(head.Logits(x), testing::ElementsAre(321.5, 98.5));
}

TEST(LinearHead, ProbabilitiesAreOne) {
  const LinearHead head = {3, 1, {1, 0, -2}, {0, 0.25, 0}};
  const std::vector<float> x = {0.5f};
  double sum = 0;
  for (const double log_prob : head.LogProbabilities(x)) sum += std::exp(log_prob);
  EXPECT_NEAR(sum, 1.0, 1e-14);
  EXPECT_NEAR(head.LogProbabilities(x)[0] - head.LogProbabilities(x)[2], 1.5, 1e-14);
}

TEST(LogSoftmax, IsStableFarFromZero) {
  const std::vector<double> far = {1e6, 1e6 - 1, -1e6};
  const std::vector<double> near = {0, -1};
  EXPECT_NEAR(LogSoftmax(far)[0], LogSoftmax(near)[0], 1e-9);
  EXPECT_NEAR(LogSoftmax(far)[2], -2e6, 1.0);
}

}  // namespace
}  // namespace rowmill
