#include "tensor/finite_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/dequantize.h"

namespace rowmill {
namespace {

constexpr DType kFloatingDTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ4_0,
                                     DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                     DType::kQ2_K, DType::kQ3_K, DType::kQ4_K, DType::kQ5_K,
                                     DType::kQ6_K};

bool DequantizesToFinite(const TensorView& view) {
  std::vector<float> out(view.cols());
  for (uint64_t row = 0; row < view.rows(); ++row) {
    DequantizeRow(view, row, out);
    for (const float value : out) {
      if (!std::isfinite(value)) return false;
    }
  }
  return true;
}

// Puts a NaN or an infinity at every even byte of a tensor in turn: the check and the dequantiser
// have to agree on whether that spoils it, and the check has to name the row.
TEST(FiniteCheckTest, AgreesWithDequantisingForEveryPlaceOfABadHalf) {
  for (const DType dtype : kFloatingDTypes) {
    const DTypeInfo& info = GetDTypeInfo(dtype);
    constexpr size_t kRows = 3;
    std::vector<std::byte> bytes(kRows * info.block_bytes, std::byte{0x11});
    TensorView view;
    view.dtype = dtype;
    view.shape = {kRows, info.block_elements};
    view.bytes = bytes;
    ASSERT_FALSE(FindNonFiniteRow(view).has_value()) << info.name;
    int num_found = 0;
    for (size_t at = 0; at + 2 <= bytes.size(); at += 2) {
      for (const uint16_t bad : {uint16_t{0x7f80}, uint16_t{0x7c00}, uint16_t{0xffff}}) {
        std::vector<std::byte> saved = bytes;
        std::memcpy(bytes.data() + at, &bad, sizeof(bad));
        const std::optional<uint64_t> row = FindNonFiniteRow(view);
        EXPECT_EQ(row.has_value(), !DequantizesToFinite(view)) << info.name << " byte " << at;
        if (row) {
          ++num_found;
          EXPECT_EQ(*row, at / info.block_bytes) << info.name << " byte " << at;
        }
        bytes.swap(saved);
        view.bytes = bytes;
      }
    }
    EXPECT_GT(num_found, 0) << info.name;
  }
}

}  // namespace
}  // namespace rowmill
