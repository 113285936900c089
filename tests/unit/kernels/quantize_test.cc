#include <cmath>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class QuantizeTest : public KernelTest {};

TEST_P(QuantizeTest, EqualsScalar) {
  const uint64_t seed = 21;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t m : {1, 2, 3, 17}) {
      for (size_t k : {32, 64, 576, 1536}) {
        const std::vector<float> x = RandomFloats(random, m * k + 1, extremes);
        OwnedRows expected(m, k), actual(m, k);
        ScalarTable().quantize_rows(x.data() + 1, m, k, expected.rows());
        table().quantize_rows(x.data() + 1, m, k, actual.rows());
        EXPECT_EQ(expected.codes_, actual.codes_) << "m " << m << " k " << k;
        EXPECT_EQ(expected.sums_, actual.sums_);
        EXPECT_TRUE(SameBits(expected.scales_, actual.scales_));
      }
    }
  }
}

TEST_P(QuantizeTest, FollowsTheRecipeAtItsEdges) {
  struct Case {
    float value, scale;
    int code;
  };
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {0.0f, 0.0f, 0},
      {-0.0f, 0.0f, 0},
      {0.99e-30f, 0.0f, 0},
      {127.0f, 1.0f, 127},
      {-127.0f, 1.0f, -127},
      {1e-30f, 1e-30f / 127.0f, 127},
      {3.4e38f, 3.4e38f / 127.0f, 127},
      {inf, nan, 0},
      {-inf, nan, 0},
      {nan, nan, 0},
      {-nan, nan, 0},
  };
  for (const Case& c : cases) {
    std::vector<float> x(64, 0.0f);
    x[37] = c.value;
    OwnedRows out(1, 64);
    table().quantize_rows(x.data(), 1, 64, out.rows());
    EXPECT_EQ(out.scales_[0], 0.0f);
    EXPECT_TRUE(SameBits(&c.scale, &out.scales_[1], 1)) << c.value;
    EXPECT_EQ(out.rows().codes[37], c.code) << c.value;
    EXPECT_EQ(out.sums_[2], c.code) << c.value;
    EXPECT_EQ(out.sums_[3], 0);
  }
}

TEST_P(QuantizeTest, RoundsHalvesToEven) {
  std::vector<float> x(32, 0.0f);
  x[0] = 127.0f;
  const float values[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 3.49f, 126.5f};
  const int codes[] = {0, 2, 2, 0, -2, -2, 3, 126};
  for (size_t i = 0; i < 8; ++i) x[i + 1] = values[i];
  OwnedRows out(1, 32);
  table().quantize_rows(x.data(), 1, 32, out.rows());
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(out.rows().codes[i + 1], codes[i]) << values[i];
}

INSTANTIATE_TEST_SUITE_P(AllTables, QuantizeTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
