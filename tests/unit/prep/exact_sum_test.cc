#include "prep/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace rowmill {
namespace {

double Value(const ExactSum& sum) {
  const double magnitude = Round(sum.Magnitude(), ExactSum::kUnitExponent).Value();
  return sum.negative() ? -magnitude : magnitude;
}

double Sum(const std::vector<double>& values) {
  ExactSum sum;
  for (const double value : values) sum.Add(value);
  return Value(sum);
}

double RandomDouble(std::mt19937_64& random) {
  while (true) {
    const uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isfinite(value)) return value;
  }
}

TEST(ExactSumTest, OneNumberIsItself) {
  std::mt19937_64 random(31);
  for (int round = 0; round < 20'000; ++round) {
    const double value = RandomDouble(random);
    ASSERT_EQ(Sum({value}), value);
  }
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  constexpr double kHuge = std::numeric_limits<double>::max();
  for (const double value : {0.0, 1.0, -1.0, kTiny, -kTiny, kHuge, -kHuge, 0.1}) {
    EXPECT_EQ(Sum({value}), value);
  }
}

TEST(ExactSumTest, NothingIsLost) {
  EXPECT_EQ(Sum({1e300, 1, -1e300}), 1);
  EXPECT_EQ(Sum({1e308, 1e308, -1e308, -1e308, 5e-324}), 5e-324);
  EXPECT_EQ(Sum({0.1, 0.2, -0.3}), std::ldexp(1, -55));
  EXPECT_EQ(Sum({-1e16, -1, 1e16}), -1);
  EXPECT_TRUE(std::isinf(Sum({1.5e308, 1.5e308})));
}

// A sum of two is what the processor rounds correctly as well.
TEST(ExactSumTest, RoundsToNearestEven) {
  std::mt19937_64 random(37);
  for (int round = 0; round < 50'000; ++round) {
    const double a = RandomDouble(random);
    // Near enough that the bits overlap or just miss each other.
    const double b =
        std::ldexp(RandomDouble(random) > 0 ? a : -a, static_cast<int>(random() % 120) - 60);
    const double other = b * (1 + static_cast<double>(random() % 1000) / 4096);
    if (!std::isfinite(other) || !std::isfinite(a + other) || std::fabs(a + other) < 1e-300)
      continue;
    ASSERT_EQ(Sum({a, other}), a + other) << a << " " << other;
  }
}

TEST(ExactSumTest, OrderAndPartsChangeNothing) {
  std::mt19937_64 random(41);
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(RandomDouble(random));
  const double sum = Sum(values);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    ExactSum parts[3];
    for (size_t i = 0; i < values.size(); ++i) parts[i % 3].Add(values[i]);
    parts[0].Merge(parts[1]);
    parts[0].Merge(parts[2]);
    EXPECT_EQ(Value(parts[0]), sum);
  }
}

TEST(ExactSumTest, SquaresAreExact) {
  ExactSum squares;
  squares.AddSquare(1e200);
  squares.AddSquare(3);
  // 1e400 is beyond a double, not beyond the sum.
  const ScaledDouble rounded = Round(squares.Magnitude(), ExactSum::kUnitExponent);
  EXPECT_EQ(rounded.exponent, 1328);
  EXPECT_TRUE(std::isinf(rounded.Value()));
  ExactSum tiny;
  tiny.AddSquare(std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(tiny.Magnitude(), WideNatural{1});
  ExactSum nine;
  nine.AddSquare(-3);
  EXPECT_EQ(Value(nine), 9);
}

TEST(ExactSumTest, WideNumbersMultiplyAndSubtract) {
  const WideNatural max = {UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(Multiply(max, max), (WideNatural{1, 0, UINT64_MAX - 1, UINT64_MAX}));
  EXPECT_EQ(Multiply(max, {}), WideNatural{});
  EXPECT_EQ(Subtract({0, 0, 1}, {1}), (WideNatural{UINT64_MAX, UINT64_MAX}));
  EXPECT_EQ(Subtract({5, 7}, {5, 7}), WideNatural{});
  EXPECT_EQ(Subtract({0, 5, 1}, {1, UINT64_MAX}), (WideNatural{UINT64_MAX, 5}));
}

}  // namespace
}  // namespace rowmill
