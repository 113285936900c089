#include "kernels/pack.h"

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/float16.h"
#include "tensor/dequantize.h"
#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

// Reads weight [channel, input] out of a packed group by the layout that kernels.h states, written
// down here a second time and element by element.
struct UnpackedWeight {
  int code;
  float scale, minimum;
};

float ScaleAt(const std::byte* scales, ScaleType type, size_t channel) {
  if (type == ScaleType::kF16) {
    uint16_t bits;
    std::memcpy(&bits, scales + 2 * channel, 2);
    return F16ToF32(bits);
  }
  float value;
  std::memcpy(&value, scales + 4 * channel, 4);
  return value;
}

UnpackedWeight WeightAt(const BlockFormat& format, const std::byte* group, size_t channel,
                        size_t input) {
  const std::byte* block = group + input / format.block_k * format.block_bytes();
  const size_t i = input % format.block_k;
  const size_t bits = static_cast<size_t>(format.code_bits);
  UnpackedWeight weight = {};
  if (bits == 4) {
    const auto byte = static_cast<int>(block[i / 8 * 64 + 4 * channel + i % 4]);
    weight.code = (i % 8 < 4 ? byte : byte >> 4) & 15;
  } else {
    weight.code = static_cast<int>(block[i / 4 * 64 + 4 * channel + i % 4]);
  }
  const std::byte* scales = block + format.block_k * 16 * bits / 8;
  weight.scale = ScaleAt(scales, format.scale_type, channel);
  if (format.has_minimum == HasMinimum::kYes) {
    const size_t scale_bytes = format.scale_type == ScaleType::kF16 ? 2 : 4;
    weight.minimum = ScaleAt(scales + 16 * scale_bytes, format.scale_type, channel);
  }
  return weight;
}

class PackTest : public testing::TestWithParam<DType> {};

TEST_P(PackTest, UnpacksToWhatTheFileHolds) {
  Random random(1);
  const size_t n = 37, k = 512;
  const OwnedWeight weight = RandomWeight(random, GetParam(), n, k);
  const BlockFormat format = *PackedFormatOf(GetParam());
  std::vector<uint32_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = static_cast<uint32_t>((i * 5 + 3) % n);
  const uint32_t* const orders[] = {nullptr, order.data()};
  for (const uint32_t* row_order : orders) {
    for (size_t group = 0; group < 3; ++group) {
      AlignedBytes packed(format.group_bytes(k));
      std::memset(packed.data(), 0xff, packed.size());
      PackBlockGroup(weight.view, row_order, group, packed.data());
      for (size_t c = 0; c < kGroupChannels; ++c) {
        const size_t channel = group * kGroupChannels + c;
        std::vector<float> expected(k, 0.0f);
        if (channel < n) {
          DequantizeRow(weight.view, row_order == nullptr ? channel : row_order[channel], expected);
        }
        for (size_t i = 0; i < k; ++i) {
          const UnpackedWeight w = WeightAt(format, packed.data(), c, i);
          if (channel >= n) {
            ASSERT_EQ(w.scale, 0.0f);
            ASSERT_EQ(w.minimum, 0.0f);
          }
          const float value = static_cast<float>(w.code - format.zero_point) * w.scale + w.minimum;
          ASSERT_EQ(value, expected[i])
              << Name(GetParam()) << " channel " << channel << " input " << i;
        }
      }
    }
  }
}

TEST_P(PackTest, CodesStayWithinTheBoundsThatKernelsRelyOn) {
  Random random(2);
  const OwnedWeight weight = RandomWeight(random, GetParam(), 16, 512);
  const BlockFormat format = *PackedFormatOf(GetParam());
  AlignedBytes packed(format.group_bytes(512));
  PackBlockGroup(weight.view, nullptr, 0, packed.data());
  const int bound = format.code_bits == CodeBits::k4 ? 16 : format.zero_point == 128 ? 256 : 64;
  for (size_t c = 0; c < 16; ++c) {
    for (size_t i = 0; i < 512; ++i) {
      ASSERT_LT(WeightAt(format, packed.data(), c, i).code, bound);
    }
  }
}

TEST_P(PackTest, DequantizedGroupHoldsTheRowsSideBySide) {
  Random random(3);
  const size_t n = 21, k = 256;
  const OwnedWeight weight = RandomWeight(random, GetParam(), n, k);
  for (size_t group = 0; group < 2; ++group) {
    std::vector<float> packed(k * 16, 7.0f);
    PackDequantizedGroup(weight.view, nullptr, group, reinterpret_cast<std::byte*>(packed.data()));
    for (size_t c = 0; c < 16; ++c) {
      std::vector<float> expected(k, 0.0f);
      if (group * 16 + c < n) DequantizeRow(weight.view, group * 16 + c, expected);
      for (size_t i = 0; i < k; ++i) ASSERT_EQ(packed[i * 16 + c], expected[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, PackTest, testing::ValuesIn(kBlockTypes),
                         [](const auto& param) { return std::string(Name(param.param)); });

TEST(PackFloatTest, KeepsElementsAsTheyAre) {
  Random random(4);
  const size_t n = 19, k = 33;
  for (DType dtype : kFloatTypes) {
    const OwnedWeight weight = RandomWeight(random, dtype, n, k);
    const size_t bytes = GetDTypeInfo(dtype).block_bytes;
    for (size_t group = 0; group < 2; ++group) {
      std::vector<std::byte> packed(k * 16 * bytes, std::byte{0xee});
      PackFloatGroup(weight.view, nullptr, group, packed.data());
      for (size_t i = 0; i < k; ++i) {
        for (size_t c = 0; c < 16; ++c) {
          const std::byte* element = packed.data() + (i * 16 + c) * bytes;
          const std::vector<std::byte> zero(bytes);
          const size_t channel = group * 16 + c;
          const std::byte* expected =
              channel < n ? weight.bytes.data() + (channel * k + i) * bytes : zero.data();
          ASSERT_EQ(std::memcmp(element, expected, bytes), 0);
        }
      }
    }
  }
}

TEST(PackedFormatTest, FloatsHaveNone) {
  for (DType dtype : kFloatTypes) EXPECT_FALSE(PackedFormatOf(dtype).has_value());
  EXPECT_FALSE(PackedFormatOf(DType::kI32).has_value());
}

TEST(PackedFormatTest, SizesAreThoseOfTheLayout) {
  EXPECT_EQ(PackedFormatOf(DType::kQ4_1)->block_bytes(), 256u + 32 + 32);
  EXPECT_EQ(PackedFormatOf(DType::kQ8_0)->block_bytes(), 512u + 32);
  EXPECT_EQ(PackedFormatOf(DType::kQ6_K)->block_bytes(), 256u + 64);
  EXPECT_EQ(PackedFormatOf(DType::kQ2_K)->block_bytes(), 128u + 64 + 64);
  EXPECT_EQ(PackedFormatOf(DType::kQ4_K)->group_bytes(512), 16u * (256 + 64 + 64));
}

TEST(PackErrorTest, RefusesWhatIsNotThere) {
  Random random(5);
  OwnedWeight weight = RandomWeight(random, DType::kQ4_1, 16, 64);
  std::vector<std::byte> out(4096);
  EXPECT_THROW(PackBlockGroup(weight.view, nullptr, 1, out.data()), InternalError);
  const std::vector<uint32_t> order(16, 16);
  EXPECT_THROW(PackBlockGroup(weight.view, order.data(), 0, out.data()), InternalError);
  weight.view.bytes = weight.view.bytes.first(weight.view.bytes.size() - 1);
  EXPECT_THROW(PackBlockGroup(weight.view, nullptr, 0, out.data()), InternalError);
  const OwnedWeight floats = RandomWeight(random, DType::kF32, 16, 64);
  EXPECT_THROW(PackBlockGroup(floats.view, nullptr, 0, out.data()), InternalError);
  EXPECT_THROW(PackFloatGroup(weight.view, nullptr, 0, out.data()), InternalError);
}

}  // namespace
}  // namespace rowmill::kernels
