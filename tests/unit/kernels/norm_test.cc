#include <cmath>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class NormTest : public KernelTest {};

std::vector<float> Normalize(const KernelTable& table, const std::vector<float>& x,
                             const std::vector<float>& w, size_t m, size_t n) {
  std::vector<float> y(m * n + 1, 7.0f);
  table.rms_norm(x.data() + 1, w.data() + 1, y.data() + 1, m, n, 1e-5f);
  return y;
}

TEST_P(NormTest, EqualsScalarForAllLengths) {
  const uint64_t seed = 31;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 576, 1536}) {
      for (size_t m : {1, 2, 3, 4, 5, 9}) {
        const std::vector<float> x = RandomFloats(random, m * n + 1, extremes);
        const std::vector<float> w = RandomFloats(random, n + 1);
        EXPECT_TRUE(SameBits(Normalize(ScalarTable(), x, w, m, n), Normalize(table(), x, w, m, n)))
            << "m " << m << " n " << n;
      }
    }
  }
}

TEST_P(NormTest, MayWriteOverItsInput) {
  Random random(32);
  const size_t m = 6, n = 100;
  std::vector<float> x = RandomFloats(random, m * n + 1);
  const std::vector<float> w = RandomFloats(random, n + 1);
  const std::vector<float> apart = Normalize(table(), x, w, m, n);
  table().rms_norm(x.data() + 1, w.data() + 1, x.data() + 1, m, n, 1e-5f);
  EXPECT_TRUE(SameBits(apart.data() + 1, x.data() + 1, m * n));
}

TEST_P(NormTest, AgreesWithDoublePrecision) {
  Random random(33);
  const size_t n = 576;
  const std::vector<float> x = RandomFloats(random, n + 1);
  const std::vector<float> w = RandomFloats(random, n + 1);
  const std::vector<float> y = Normalize(table(), x, w, 1, n);
  double squares = 0;
  for (size_t i = 1; i <= n; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const double r = 1.0 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
  for (size_t i = 1; i <= n; ++i) {
    const double expected = static_cast<double>(x[i]) * r * static_cast<double>(w[i]);
    EXPECT_NEAR(static_cast<double>(y[i]), expected, std::abs(expected) * 1e-6);
  }
}

std::vector<float> LayerNormalize(const KernelTable& table, const std::vector<float>& x,
                                  const std::vector<float>& wb, size_t m, size_t n) {
  std::vector<float> y(m * n + 1, 7.0f);
  table.layer_norm(
      {x.data() + 1, wb.data() + 1, wb.data() + 1 + n, y.data() + 1, m, n, /*eps=*/1e-12f});
  return y;
}

TEST_P(NormTest, LayerNormEqualsScalarForAllLengths) {
  Random random(34);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 384, 1536}) {
      for (size_t m : {1, 2, 3, 4, 5, 9}) {
        const std::vector<float> x = RandomFloats(random, m * n + 1, extremes);
        const std::vector<float> wb = RandomFloats(random, 2 * n + 1);
        EXPECT_TRUE(SameBits(LayerNormalize(ScalarTable(), x, wb, m, n),
                             LayerNormalize(table(), x, wb, m, n)))
            << "m " << m << " n " << n;
      }
    }
  }
}

TEST_P(NormTest, LayerNormMayWriteOverItsInput) {
  Random random(35);
  const size_t m = 6, n = 100;
  std::vector<float> x = RandomFloats(random, m * n + 1);
  const std::vector<float> wb = RandomFloats(random, 2 * n + 1);
  const std::vector<float> apart = LayerNormalize(table(), x, wb, m, n);
  table().layer_norm({x.data() + 1, wb.data() + 1, wb.data() + 1 + n, x.data() + 1, m, n, 1e-12f});
  EXPECT_TRUE(SameBits(apart.data() + 1, x.data() + 1, m * n));
}

TEST_P(NormTest, LayerNormAgreesWithDoublePrecision) {
  Random random(36);
  const size_t n = 384;
  std::vector<float> x = RandomFloats(random, n + 1);
  for (float& value : x) value = value * 0.01f + 3.0f;  // a mean far from zero
  const std::vector<float> wb = RandomFloats(random, 2 * n + 1);
  const std::vector<float> y = LayerNormalize(table(), x, wb, 1, n);
  double sum = 0, squares = 0;
  for (size_t i = 1; i <= n; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(n);
  for (size_t i = 1; i <= n; ++i) squares += (static_cast<double>(x[i]) - mean) * (x[i] - mean);
  const double r = 1.0 / std::sqrt(squares / static_cast<double>(n) + 1e-12);
  for (size_t i = 1; i <= n; ++i) {
    const double expected = (static_cast<double>(x[i]) - mean) * r * wb[i] + wb[n + i];
    EXPECT_NEAR(static_cast<double>(y[i]), expected, 5e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(AllTables, NormTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
