#include "unit/kernels/test_data.h"

#include <cstring>

#include "base/float16.h"
#include "unit/kernels/emulated_amx.h"

namespace rowmill::kernels {
namespace {

float ExtremeValue(Random& random, Extremes extremes) {
  const size_t which = random.Below(extremes == Extremes::kAll ? 9 : 6);
  switch (which) {
    case 0:
      return 0.0f;
    case 1:
      return -0.0f;
    case 2:
      return 0x1p-140f;
    case 3:
      return -1e30f;
    case 4:
      return 3e38f;
    case 5:
      return 0x1.000002p-126f;
    case 6:
      return std::numeric_limits<float>::infinity();
    case 7:
      return -std::numeric_limits<float>::infinity();
    default:
      return std::numeric_limits<float>::quiet_NaN();
  }
}

void Put16(std::vector<std::byte>& bytes, size_t offset, uint16_t bits) {
  std::memcpy(bytes.data() + offset, &bits, sizeof(bits));
}

// A finite half of magnitude 2^-11..2^-3, either sign.
uint16_t RandomHalf(Random& random) {
  const float magnitude = (1.0f + random.Unit() * 0.5f) * 0x1p-4f;
  const int shift = static_cast<int>(random.Below(8));
  const float value = magnitude / static_cast<float>(1 << shift);
  return F32ToF16(random.Below(2) == 0 ? value : -value);
}

// Where the halves of a block lie.
std::vector<size_t> HalfOffsets(DType dtype) {
  switch (dtype) {
    case DType::kQ4_0:
    case DType::kQ5_0:
    case DType::kQ8_0:
      return {0};
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return {0, 2};
    case DType::kQ2_K:
      return {80, 82};
    case DType::kQ3_K:
      return {108};
    case DType::kQ6_K:
      return {208};
    default:
      return {};
  }
}

}  // namespace

std::vector<float> RandomFloats(Random& random, size_t n, Extremes extremes) {
  std::vector<float> values(n);
  for (float& value : values) value = random.Unit() * 2.0f;
  if (extremes == Extremes::kNone) return values;
  for (float& value : values) {
    if (random.Below(40) == 0) value = ExtremeValue(random, extremes);
  }
  for (size_t block = 0; block + 32 <= n; block += 32) {
    const size_t kind = random.Below(12);
    for (size_t i = block; i < block + 32; ++i) {
      if (kind == 0) values[i] = 0.0f;
      if (kind == 1) values[i] = random.Unit() * 0x1p-130f;
    }
  }
  return values;
}

OwnedWeight RandomWeight(Random& random, DType dtype, size_t rows, size_t cols) {
  const DTypeInfo& info = GetDTypeInfo(dtype);
  const size_t num_blocks = rows * (cols / info.block_elements);
  OwnedWeight weight;
  weight.bytes.resize(num_blocks * info.block_bytes);
  for (std::byte& byte : weight.bytes) byte = static_cast<std::byte>(random.Bits() >> 56);
  const std::vector<size_t> halves = HalfOffsets(dtype);
  for (size_t b = 0; b < num_blocks; ++b) {
    const size_t offset = b * info.block_bytes;
    for (size_t half : halves) {
      // Now and then a scale of zero, a denormal one and the largest.
      const size_t kind = random.Below(50);
      uint16_t bits = RandomHalf(random);
      if (kind == 0) bits = 0;
      if (kind == 1) bits = 0x0001;
      if (kind == 2) bits = 0xfbff;
      Put16(weight.bytes, offset + half, bits);
    }
    if (halves.empty()) {
      const float value = random.Unit();
      if (dtype == DType::kF32) std::memcpy(weight.bytes.data() + offset, &value, 4);
      if (dtype == DType::kF16) Put16(weight.bytes, offset, F32ToF16(value));
      if (dtype == DType::kBF16) Put16(weight.bytes, offset, F32ToBf16(value));
    }
  }
  weight.view.name = "random";
  weight.view.dtype = dtype;
  weight.view.shape = {rows, cols};
  weight.view.bytes = weight.bytes;
  return weight;
}

PackedBlockWeight PackBlocks(const TensorView& w) {
  const BlockFormat format = *PackedFormatOf(w.dtype);
  const size_t num_groups = (w.rows() + kGroupChannels - 1) / kGroupChannels;
  const size_t group_bytes = format.group_bytes(w.cols());
  PackedBlockWeight packed;
  packed.bytes = AlignedBytes(num_groups * group_bytes);
  for (size_t g = 0; g < num_groups; ++g) {
    PackBlockGroup(w, nullptr, g, packed.bytes.data() + g * group_bytes);
  }
  packed.blocks = {format, w.rows(), w.cols(), packed.bytes.data()};
  return packed;
}

PackedFloatWeight PackFloats(const TensorView& w) {
  const size_t num_groups = (w.rows() + kGroupChannels - 1) / kGroupChannels;
  const size_t group_bytes = w.cols() * kGroupChannels * GetDTypeInfo(w.dtype).block_bytes;
  PackedFloatWeight packed;
  packed.bytes = AlignedBytes(num_groups * group_bytes);
  for (size_t g = 0; g < num_groups; ++g) {
    PackFloatGroup(w, nullptr, g, packed.bytes.data() + g * group_bytes);
  }
  FloatType type = FloatType::kF32;
  if (w.dtype == DType::kF16) type = FloatType::kF16;
  if (w.dtype == DType::kBF16) type = FloatType::kBF16;
  packed.floats = {type, w.rows(), w.cols(), packed.bytes.data()};
  return packed;
}

std::vector<const KernelTable*> TablesToTest() {
  const CpuFeatures features = DetectCpuFeatures();
  std::vector<const KernelTable*> tables = AvailableTables(features);
  if (const KernelTable* emulated = EmulatedAmxTable(features)) tables.push_back(emulated);
  return tables;
}

testing::AssertionResult SameBits(const float* expected, const float* actual, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (expected[i] != expected[i] && actual[i] != actual[i]) continue;
    if (std::bit_cast<uint32_t>(expected[i]) == std::bit_cast<uint32_t>(actual[i])) continue;
    return testing::AssertionFailure()
           << "element " << i << " of " << n << ": expected " << expected[i] << ", got "
           << actual[i] << std::hex << " (bits " << std::bit_cast<uint32_t>(expected[i]) << ", "
           << std::bit_cast<uint32_t>(actual[i]) << ")";
  }
  return testing::AssertionSuccess();
}

}  // namespace rowmill::kernels
