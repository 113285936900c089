#include <cmath>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class ElementwiseTest : public KernelTest {};

std::vector<float> Rotate(const KernelTable& table, std::vector<float> x,
                          const std::vector<float>& cosines, const std::vector<float>& sines,
                          size_t heads, size_t head_dim, size_t rotary_dim) {
  table.rope({x.data() + 1, heads, head_dim, rotary_dim, cosines.data() + 1, sines.data() + 1});
  return x;
}

TEST_P(ElementwiseTest, RopeEqualsScalar) {
  const uint64_t seed = 41;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (size_t head_dim : {16, 64, 80, 96, 128, 256}) {
    for (size_t rotary_dim : {head_dim, head_dim / 2, head_dim / 4, size_t{6}, size_t{0}}) {
      for (Extremes extremes : {Extremes::kNone, Extremes::kAll}) {
        const std::vector<float> x = RandomFloats(random, 3 * head_dim + 1, extremes);
        const std::vector<float> cosines = RandomFloats(random, head_dim / 2 + 1);
        const std::vector<float> sines = RandomFloats(random, head_dim / 2 + 1);
        EXPECT_TRUE(SameBits(Rotate(ScalarTable(), x, cosines, sines, 3, head_dim, rotary_dim),
                             Rotate(table(), x, cosines, sines, 3, head_dim, rotary_dim)))
            << "head_dim " << head_dim << " rotary_dim " << rotary_dim;
      }
    }
  }
}

TEST_P(ElementwiseTest, RopeTurnsPairsAndKeepsTheRest) {
  const std::vector<float> x = {9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1, 1, 1, 1, 1};
  const std::vector<float> cosines = {9, 0, 1};
  const std::vector<float> sines = {9, 1, 0};
  const std::vector<float> y = Rotate(table(), x, cosines, sines, 1, 16, 4);
  // Pair (0, 2) turns by 90 degrees, pair (1, 3) not at all.
  const std::vector<float> expected = {9, -3, 2, 1, 4, 5, 6, 7, 8, 1, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(y, expected);
}

TEST_P(ElementwiseTest, SwiGluEqualsScalar) {
  Random random(42);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 64, 1536}) {
      std::vector<float> gate = RandomFloats(random, n + 1, extremes);
      for (float& g : gate) g *= 30.0f;
      const std::vector<float> up = RandomFloats(random, n + 1, extremes);
      std::vector<float> expected(n + 2, 7.0f), actual(n + 2, 7.0f);
      ScalarTable().swiglu(gate.data() + 1, up.data() + 1, expected.data() + 1, n);
      table().swiglu(gate.data() + 1, up.data() + 1, actual.data() + 1, n);
      EXPECT_TRUE(SameBits(expected, actual)) << n;
      table().swiglu(gate.data() + 1, up.data() + 1, gate.data() + 1, n);
      EXPECT_TRUE(SameBits(expected.data() + 1, gate.data() + 1, n)) << "in place";
    }
  }
}

TEST_P(ElementwiseTest, SwiGluAgreesWithLongDouble) {
  std::vector<float> gate, up;
  for (float g = -80.0f; g <= 80.0f; g += 0.37f) {
    gate.push_back(g);
    up.push_back(1.25f);
  }
  std::vector<float> y(gate.size());
  table().swiglu(gate.data(), up.data(), y.data(), y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    const auto g = static_cast<long double>(gate[i]);
    const long double expected = g / (1 + expl(-g)) * 1.25L;
    EXPECT_NEAR(static_cast<double>(y[i]), static_cast<double>(expected),
                std::abs(static_cast<double>(expected)) * 6e-7)
        << gate[i];
  }
}

TEST_P(ElementwiseTest, GeluErfEqualsScalar) {
  Random random(44);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 64, 1536}) {
      std::vector<float> x = RandomFloats(random, n + 1, extremes);
      for (float& value : x) value *= 8.0f;
      std::vector<float> expected(n + 2, 7.0f), actual(n + 2, 7.0f);
      ScalarTable().gelu_erf(x.data() + 1, expected.data() + 1, n);
      table().gelu_erf(x.data() + 1, actual.data() + 1, n);
      EXPECT_TRUE(SameBits(expected, actual)) << n;
      table().gelu_erf(x.data() + 1, x.data() + 1, n);
      EXPECT_TRUE(SameBits(expected.data() + 1, x.data() + 1, n)) << "in place";
    }
  }
}

TEST_P(ElementwiseTest, GeluErfAgreesWithLongDouble) {
  std::vector<float> x = {-1e30f, 1e30f, 0.0f};
  for (float value = -9.0f; value <= 9.0f; value += 0.0037f) x.push_back(value);
  std::vector<float> y(x.size());
  table().gelu_erf(x.data(), y.data(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const auto value = static_cast<long double>(x[i]);
    const long double expected = 0.5L * value * (1.0L + erfl(value / sqrtl(2.0L)));
    EXPECT_NEAR(static_cast<double>(y[i]), static_cast<double>(expected),
                std::max(1.0, std::abs(static_cast<double>(value))) * 2.5e-7)
        << x[i];
  }
  EXPECT_EQ(y[0], 0.0f);  // and not a rest of 1e30
}

TEST_P(ElementwiseTest, AddBiasEqualsScalar) {
  Random random(45);
  for (size_t n : {1, 15, 16, 17, 33, 100}) {
    const std::vector<float> b = RandomFloats(random, n + 1);
    const std::vector<float> y = RandomFloats(random, 3 * n + 2, Extremes::kAll);
    std::vector<float> expected = y, actual = y;
    ScalarTable().add_bias(expected.data() + 1, b.data() + 1, 3, n);
    table().add_bias(actual.data() + 1, b.data() + 1, 3, n);
    EXPECT_TRUE(SameBits(expected, actual)) << n;
    EXPECT_EQ(actual.back(), y.back());
  }
}

TEST_P(ElementwiseTest, GeluTanhEqualsScalar) {
  Random random(44);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 64, 2048}) {
      std::vector<float> x = RandomFloats(random, n + 1, extremes);
      for (float& value : x) value *= 6.0f;
      const std::vector<float> up = RandomFloats(random, n + 1, extremes);
      std::vector<float> expected(n + 2, 7.0f), actual(n + 2, 7.0f);
      ScalarTable().gelu_tanh(x.data() + 1, expected.data() + 1, n);
      table().gelu_tanh(x.data() + 1, actual.data() + 1, n);
      EXPECT_TRUE(SameBits(expected, actual)) << n;
      ScalarTable().geglu_tanh(x.data() + 1, up.data() + 1, expected.data() + 1, n);
      table().geglu_tanh(x.data() + 1, up.data() + 1, actual.data() + 1, n);
      EXPECT_TRUE(SameBits(expected, actual)) << n;
      table().geglu_tanh(x.data() + 1, up.data() + 1, x.data() + 1, n);
      EXPECT_TRUE(SameBits(expected.data() + 1, x.data() + 1, n)) << "in place";
    }
  }
}

TEST_P(ElementwiseTest, GeluTanhAgreesWithLongDouble) {
  std::vector<float> x;
  for (float value = -9.0f; value <= 9.0f; value += 0.0137f) x.push_back(value);
  x.insert(x.end(), {-1e30f, -100.0f, 0.0f, 100.0f, 1e30f});
  std::vector<float> y(x.size());
  table().gelu_tanh(x.data(), y.data(), y.size());
  const long double c = sqrtl(2.0L / acosl(-1.0L));
  for (size_t i = 0; i < y.size(); ++i) {
    const auto v = static_cast<long double>(x[i]);
    // Not 1 + tanh, which loses all digits where it is nearly 0.
    const long double z = c * (v + 0.044715L * v * v * v);
    const long double expected = v / (1 + expl(-2 * z));
    EXPECT_NEAR(static_cast<double>(y[i]), static_cast<double>(expected),
                std::abs(static_cast<double>(expected)) * 2e-5 + 1e-7)
        << x[i];
  }
}

TEST_P(ElementwiseTest, ScaleEqualsScalar) {
  Random random(43);
  for (size_t n : {1, 15, 16, 17, 33, 100}) {
    const std::vector<float> x = RandomFloats(random, n + 1, Extremes::kAll);
    std::vector<float> expected(n + 2, 7.0f), actual(n + 2, 7.0f);
    ScalarTable().scale(x.data() + 1, 0.3f, expected.data() + 1, n);
    table().scale(x.data() + 1, 0.3f, actual.data() + 1, n);
    EXPECT_TRUE(SameBits(expected, actual)) << n;
  }
}

TEST_P(ElementwiseTest, ReluEqualsScalar) {
  Random random(44);
  for (Extremes extremes : {Extremes::kNone, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 1536}) {
      std::vector<float> x = RandomFloats(random, n + 1, extremes);
      x[1] = -0.0f;
      std::vector<float> expected(n + 2, 7.0f), actual(n + 2, 7.0f);
      ScalarTable().relu(x.data() + 1, expected.data() + 1, n);
      table().relu(x.data() + 1, actual.data() + 1, n);
      EXPECT_TRUE(SameBits(expected, actual)) << n;
      table().relu(x.data() + 1, x.data() + 1, n);
      EXPECT_TRUE(SameBits(expected.data() + 1, x.data() + 1, n)) << "in place";
    }
  }
}

TEST_P(ElementwiseTest, SsruEqualsScalar) {
  Random random(45);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 256}) {
      const std::vector<float> forget = RandomFloats(random, n + 1, extremes);
      const std::vector<float> input = RandomFloats(random, n + 1, extremes);
      const std::vector<float> before = RandomFloats(random, n + 2, extremes);
      std::vector<float> cells[2] = {before, before};
      std::vector<float> y[2];
      const KernelTable* tables[] = {&ScalarTable(), &table()};
      for (size_t i = 0; i < 2; ++i) {
        y[i].assign(n + 2, 7.0f);
        tables[i]->ssru(
            {forget.data() + 1, input.data() + 1, cells[i].data() + 1, y[i].data() + 1, n});
      }
      EXPECT_TRUE(SameBits(cells[0], cells[1])) << n;
      EXPECT_TRUE(SameBits(y[0], y[1])) << n;
    }
  }
}

TEST_P(ElementwiseTest, SsruForgetsAsItIsTold) {
  // Gates of about 0, 0.5 and about 1.
  const float forget[] = {-80.0f, 0.0f, 80.0f, 0.0f};
  const float input[] = {4.0f, 4.0f, 4.0f, -4.0f};
  float cell[] = {2.0f, 2.0f, 2.0f, 2.0f};
  float y[4];
  table().ssru({forget, input, cell, y, 4});
  const float expected[] = {4.0f, 3.0f, 2.0f, -1.0f};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(cell[i], expected[i], 1e-6f);
    EXPECT_EQ(y[i], cell[i] < 0.0f ? 0.0f : cell[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(AllTables, ElementwiseTest, testing::ValuesIn(TablesToTest()),
                         TableName());

}  // namespace
}  // namespace rowmill::kernels
