#include "metrics/spearman.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowmill {
namespace {

double Correlation(const std::vector<double>& x, const std::vector<double>& y) {
  return SpearmanCorrelation(x, y).value();
}

// Expected values: scipy.stats.spearmanr.
TEST(Spearman, AgreesWithScipy) {
  EXPECT_NEAR(Correlation({1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}), 0.8207826816681233, 1e-15);
  EXPECT_NEAR(Correlation({1, 2, 2, 3, 4, 4, 4, 0}, {0.5, 0.1, 0.1, 0.9, 0.2, 0.2, 0.7, -3}),
              0.509405212857187, 1e-12);
}

TEST(Spearman, SeesOnlyTheOrder) {
  EXPECT_DOUBLE_EQ(Correlation({1, 2, 3}, {10, 100, 1e9}), 1.0);
  EXPECT_DOUBLE_EQ(Correlation({1, 2, 3}, {3, 2, -50}), -1.0);
}

TEST(Spearman, NothingToSay) {
  EXPECT_FALSE(SpearmanCorrelation({}, {}));
  const std::vector<double> one = {1}, constant = {2, 2}, rising = {1, 2};
  EXPECT_FALSE(SpearmanCorrelation(one, one));
  EXPECT_FALSE(SpearmanCorrelation(constant, rising));
}

}  // namespace
}  // namespace rowmill
