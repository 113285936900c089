#include "base/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace rowmill {
namespace {

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

// The value of a finite half float by the definition of the format.
double HalfByDefinition(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int mantissa = half & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Float16Test, WidensAllFiniteHalves) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    if ((half & 0x7c00) == 0x7c00) continue;
    const auto bits = static_cast<uint16_t>(half);
    const float value = F16ToF32(bits);
    EXPECT_EQ(static_cast<double>(value), HalfByDefinition(bits)) << half;
    EXPECT_EQ(std::signbit(value), (half & 0x8000) != 0) << half;
  }
}

TEST(Float16Test, WidensInfinitiesAndNans) {
  EXPECT_EQ(F16ToF32(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_EQ(F16ToF32(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(Bits(F16ToF32(0x7e01)), 0x7fc02000U);
  EXPECT_EQ(Bits(F16ToF32(0xfc01)), 0xffc02000U);  // a signalling NaN becomes quiet
}

TEST(Float16Test, NarrowsEveryHalfBackToItself) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const auto bits = static_cast<uint16_t>(half);
    const bool is_nan = (half & 0x7fff) > 0x7c00;
    EXPECT_EQ(F32ToF16(F16ToF32(bits)), is_nan ? (bits | 0x200) : bits) << half;
  }
}

// Between two neighbours: below the middle goes down, above goes up, the middle to the even one.
TEST(Float16Test, RoundsToNearestEvenBetweenAllNeighbours) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const auto next = static_cast<uint16_t>(half + 1);
    const float middle = (F16ToF32(half) + F16ToF32(next)) / 2;  // exact in f32
    const uint16_t even = (half & 1) == 0 ? half : next;
    EXPECT_EQ(F32ToF16(middle), even) << half;
    EXPECT_EQ(F32ToF16(std::nextafter(middle, 0.0F)), half) << half;
    EXPECT_EQ(F32ToF16(std::nextafter(middle, 1e9F)), next) << half;
    EXPECT_EQ(F32ToF16(-middle), even | 0x8000) << half;
  }
}

TEST(Float16Test, OverflowsAtTheMiddleBeyondTheLargest) {
  EXPECT_EQ(F32ToF16(65504.0F), 0x7bff);
  EXPECT_EQ(F32ToF16(std::nextafter(65520.0F, 0.0F)), 0x7bff);
  EXPECT_EQ(F32ToF16(65520.0F), 0x7c00);
  EXPECT_EQ(F32ToF16(-1e30F), 0xfc00);
  EXPECT_EQ(F32ToF16(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Bfloat16Test, WidensByShifting) {
  for (uint32_t bf16 = 0; bf16 < 0x10000; ++bf16) {
    EXPECT_EQ(Bits(Bf16ToF32(static_cast<uint16_t>(bf16))), bf16 << 16);
  }
}

TEST(Bfloat16Test, RoundsToNearestEven) {
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x3f808000U)), 0x3f80);
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x3f808001U)), 0x3f81);
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x3f818000U)), 0x3f82);
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x3f817fffU)), 0x3f81);
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x7f7fffffU)), 0x7f80);  // overflow
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0x00008001U)), 0x0001);  // subnormals are kept
  EXPECT_EQ(F32ToBf16(std::bit_cast<float>(0xff800001U)), 0xffc0);  // NaN stays NaN
}

TEST(Bfloat16Test, IsTheNearestOfAllOnRandomValues) {
  constexpr uint32_t kSeed = 20250611;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 100000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()) & 0x7f7effffU);
    const uint16_t rounded = F32ToBf16(value);
    const double error = std::abs(double{Bf16ToF32(rounded)} - value);
    for (const int step : {-1, 1}) {
      const int neighbour = rounded + step;
      if (neighbour < 0 || neighbour >= 0x7f80) continue;
      const double other = std::abs(double{Bf16ToF32(static_cast<uint16_t>(neighbour))} - value);
      EXPECT_TRUE(error < other || (error == other && (rounded & 1) == 0))
          << "seed " << kSeed << " draw " << i;
    }
  }
}

static_assert(F16ToF32(0x3c00) == 1.0F && F32ToF16(-2.0F) == 0xc000);

}  // namespace
}  // namespace rowmill
