#include "tensor/block_formats.h"

#include <gtest/gtest.h>

#include <array>

namespace rowmill {
namespace {

// Writes the values where ggml's quantiser writes them (quantize_row_q4_K_ref).
TEST(BlockFormatsTest, UnpacksTheScalesThatGgmlPacks) {
  const std::array<uint8_t, 8> scales = {0, 63, 33, 21, 47, 16, 15, 62};
  const std::array<uint8_t, 8> minima = {63, 1, 42, 31, 48, 17, 0, 32};
  std::array<uint8_t, 12> packed{};
  for (size_t j = 0; j < 8; ++j) {
    if (j < 4) {
      packed[j] = scales[j];
      packed[j + 4] = minima[j];
    } else {
      packed[j + 4] = static_cast<uint8_t>((scales[j] & 15) | ((minima[j] & 15) << 4));
      packed[j - 4] = static_cast<uint8_t>(packed[j - 4] | ((scales[j] >> 4) << 6));
      packed[j] = static_cast<uint8_t>(packed[j] | ((minima[j] >> 4) << 6));
    }
  }
  for (int j = 0; j < 8; ++j) {
    const ScaleAndMinimum pair = UnpackScaleAndMinimum(packed.data(), j);
    EXPECT_EQ(pair.scale, scales[static_cast<size_t>(j)]) << j;
    EXPECT_EQ(pair.minimum, minima[static_cast<size_t>(j)]) << j;
  }
}

TEST(BlockFormatsTest, UnpacksQ3Scales) {
  for (int value = -32; value < 32; ++value) {
    for (int i = 0; i < 16; ++i) {
      std::array<uint8_t, 12> packed{};
      const int code = value + 32;
      const auto low = static_cast<size_t>(i % 8);
      packed[low] = static_cast<uint8_t>((code & 15) << (i < 8 ? 0 : 4));
      packed[8 + static_cast<size_t>(i) % 4] = static_cast<uint8_t>((code >> 4) << (2 * (i / 4)));
      EXPECT_EQ(UnpackQ3Scale(packed.data(), i), value);
    }
  }
}

}  // namespace
}  // namespace rowmill
