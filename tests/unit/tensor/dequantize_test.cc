#include "tensor/dequantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

constexpr DType kAllDTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kI32,
                                DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1,
                                DType::kQ8_0, DType::kQ2_K, DType::kQ3_K, DType::kQ4_K,
                                DType::kQ5_K, DType::kQ6_K};

std::vector<std::byte> FromHex(const std::string& hex) {
  std::vector<std::byte> out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

DType DTypeFromName(const std::string& name) {
  for (const DType dtype : kAllDTypes) {
    if (Name(dtype) == name) return dtype;
  }
  ADD_FAILURE() << "unknown type in the goldens: " << name;
  return DType::kF32;
}

TensorView ViewOf(DType dtype, uint64_t rows, std::span<const std::byte> bytes) {
  const DTypeInfo& info = GetDTypeInfo(dtype);
  TensorView view;
  view.name = "w";
  view.dtype = dtype;
  view.shape = {rows, bytes.size() / info.block_bytes * info.block_elements / rows};
  view.bytes = bytes;
  return view;
}

std::vector<float> OneRow(DType dtype, std::span<const std::byte> bytes) {
  const TensorView view = ViewOf(dtype, 1, bytes);
  std::vector<float> out(view.cols());
  DequantizeRow(view, 0, out);
  return out;
}

TEST(DequantizeTest, EqualsTheGoldensBitForBit) {
  std::ifstream goldens(ROWMILL_SOURCE_DIR "/tests/data/dequantize_goldens.txt");
  ASSERT_TRUE(goldens.is_open());
  int num_blocks = 0;
  int num_digests = 0;
  for (std::string line; std::getline(goldens, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string kind, type, input, expected;
    fields >> kind >> type >> input >> expected;
    const std::vector<std::byte> bytes = FromHex(input);
    const std::vector<float> values = OneRow(DTypeFromName(type), bytes);
    if (kind == "digest") {
      EXPECT_EQ(Sha256Hex(std::as_bytes(std::span(values))), expected) << type;
      ++num_digests;
      continue;
    }
    const std::vector<std::byte> want = FromHex(expected);
    ASSERT_EQ(want.size(), 4 * values.size()) << type;
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t want_bits = 0;
      std::memcpy(&want_bits, want.data() + 4 * i, 4);
      EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), want_bits) << type << " element " << i;
    }
    ++num_blocks;
  }
  EXPECT_EQ(num_blocks, 12);
  EXPECT_EQ(num_digests, 12);
}

TEST(DequantizeTest, ReadsEachRowFromItsOwnPlaceAtAnyAlignment) {
  for (const DType dtype : kAllDTypes) {
    const DTypeInfo& info = GetDTypeInfo(dtype);
    constexpr size_t kRows = 3;
    const size_t row_bytes = 2 * info.block_bytes;
    std::vector<std::byte> storage(1 + kRows * row_bytes);
    // Small bytes everywhere: no half float out of them is a NaN.
    for (size_t i = 0; i < storage.size(); ++i) storage[i] = static_cast<std::byte>(i * 37 % 0x38);
    const std::span<const std::byte> bytes = std::span(storage).subspan(1);
    const TensorView view = ViewOf(dtype, kRows, bytes);
    for (size_t row = 0; row < kRows; ++row) {
      std::vector<float> out(view.cols());
      DequantizeRow(view, row, out);
      const std::vector<std::byte> copy(
          bytes.begin() + static_cast<ptrdiff_t>(row * row_bytes),
          bytes.begin() + static_cast<ptrdiff_t>((row + 1) * row_bytes));
      EXPECT_EQ(out, OneRow(dtype, copy)) << info.name << " row " << row;
    }
  }
}

TEST(DequantizeTest, ConvertsI32) {
  const std::vector<int32_t> numbers = {0, -1, 16777216, INT32_MIN};
  const std::vector<float> want = {0.0F, -1.0F, 16777216.0F, -2147483648.0F};
  EXPECT_EQ(OneRow(DType::kI32, std::as_bytes(std::span(numbers))), want);
}

TEST(DequantizeTest, ChecksRowAndSizes) {
  std::vector<std::byte> bytes(2 * 34);
  TensorView view = ViewOf(DType::kQ8_0, 2, bytes);
  std::vector<float> out(32);
  DequantizeRow(view, 1, out);
  EXPECT_THROW(DequantizeRow(view, 2, out), InternalError);
  out.resize(64);
  EXPECT_THROW(DequantizeRow(view, 0, out), InternalError);
  out.resize(32);
  view.bytes = view.bytes.first(67);
  EXPECT_THROW(DequantizeRow(view, 1, out), InternalError);
}

}  // namespace
}  // namespace rowmill
