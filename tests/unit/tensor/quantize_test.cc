#include "tensor/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tensor/dequantize.h"

namespace rowmill {
namespace {

TensorView View(const std::vector<float>& values, uint64_t rows) {
  return {"w", DType::kF32, {rows, values.size() / rows}, std::as_bytes(std::span(values))};
}

TEST(QuantizeToQ8_0, StaysWithinHalfAStep) {
  std::vector<float> values(4 * 96);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(std::sin(static_cast<double>(i) * 0.37)) *
                static_cast<float>(1 + i / 32);
  }
  const TensorView view = View(values, 4);
  ASSERT_TRUE(CanQuantize(view));
  const std::vector<std::byte> blocks = QuantizeToQ8_0(view);
  const TensorView quantized = {"w", DType::kQ8_0, {4, 96}, blocks};
  std::vector<float> row(96);
  for (size_t r = 0; r < 4; ++r) {
    DequantizeRow(quantized, r, row);
    for (size_t b = 0; b < 3; ++b) {
      const float* x = values.data() + r * 96 + b * 32;
      float largest = 0;
      for (size_t i = 0; i < 32; ++i) largest = std::max(largest, std::abs(x[i]));
      for (size_t i = 0; i < 32; ++i) {
        // Half a step, and what rounding the scale to half precision adds at the largest value.
        EXPECT_NEAR(row[b * 32 + i], x[i], largest / 127.0f * 0.57f);
      }
    }
  }
}

TEST(QuantizeToQ8_0, ZerosAndTinyValuesBecomeZero) {
  const std::vector<float> values(64, 1e-30f);
  const std::vector<std::byte> blocks = QuantizeToQ8_0(View(values, 2));
  for (const std::byte byte : blocks) EXPECT_EQ(byte, std::byte{0});
}

TEST(CanQuantize, NeedsWholeBlocksOfFloats) {
  const std::vector<float> values(48);
  EXPECT_FALSE(CanQuantize(View(values, 1)));
  EXPECT_FALSE(CanQuantize({"w", DType::kQ8_0, {1, 32}, {}}));
}

}  // namespace
}  // namespace rowmill
