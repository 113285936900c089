#include <cmath>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class ReduceTest : public KernelTest {
 protected:
  // Exp(x): the sum of one exponential.
  float Exp(float x) const { return table().sum_exp(&x, 1, 0.0f); }
};

TEST_P(ReduceTest, MaximumEqualsScalar) {
  const uint64_t seed = 51;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n = 1; n <= 200; ++n) {
      const std::vector<float> x = RandomFloats(random, n + 1, extremes);
      const float expected = ScalarTable().max_value(x.data() + 1, n);
      const float actual = table().max_value(x.data() + 1, n);
      EXPECT_TRUE(SameBits(&expected, &actual, 1)) << n;
    }
  }
}

TEST_P(ReduceTest, MaximumSeesEveryPlace) {
  for (size_t n : {1, 16, 17, 64, 65, 130}) {
    for (size_t at = 0; at < n; ++at) {
      std::vector<float> x(n, -3.0f);
      x[at] = -2.0f;
      EXPECT_EQ(table().max_value(x.data(), n), -2.0f);
      x[at] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(table().max_value(x.data(), n))) << n << " " << at;
    }
  }
  const std::vector<float> zeros(40, -0.0f);
  EXPECT_FALSE(std::signbit(table().max_value(zeros.data(), 40)));
  const std::vector<float> nothing(40, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(table().max_value(nothing.data(), 40), nothing[0]);
}

TEST_P(ReduceTest, SumOfExpEqualsScalar) {
  Random random(52);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 2, 15, 16, 17, 31, 33, 100, 5000}) {
      std::vector<float> x = RandomFloats(random, n + 1, extremes);
      for (float& value : x) value *= 20.0f;
      const float expected = ScalarTable().sum_exp(x.data() + 1, n, 3.5f);
      const float actual = table().sum_exp(x.data() + 1, n, 3.5f);
      EXPECT_TRUE(SameBits(&expected, &actual, 1)) << n;
    }
  }
}

TEST_P(ReduceTest, ExpIsAccurate) {
  double worst = 0;
  for (float x = -87.25f; x <= 88.0f; x += 0.00123f) {
    const long double exact = expl(static_cast<long double>(x));
    const long double error = fabsl(static_cast<long double>(Exp(x)) - exact) / exact;
    worst = std::max(worst, static_cast<double>(error));
  }
  RecordProperty("largest_relative_error", std::to_string(worst));
  EXPECT_LT(worst, 3e-7);
}

TEST_P(ReduceTest, ExpIsClampedAndPassesNanOn) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Exp(0.0f), 1.0f);
  EXPECT_EQ(Exp(-0.0f), 1.0f);
  EXPECT_EQ(Exp(1000.0f), Exp(88.0f));
  EXPECT_EQ(Exp(inf), Exp(88.0f));
  EXPECT_EQ(Exp(-1000.0f), Exp(-87.25f));
  EXPECT_EQ(Exp(-inf), Exp(-87.25f));
  EXPECT_GT(Exp(-inf), 0.0f);
  EXPECT_TRUE(std::isfinite(Exp(inf)));
  EXPECT_TRUE(std::isnan(Exp(std::numeric_limits<float>::quiet_NaN())));
}

INSTANTIATE_TEST_SUITE_P(AllTables, ReduceTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
