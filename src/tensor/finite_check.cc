#include "tensor/finite_check.h"

#include <cstddef>
#include <cstring>

#include "base/check.h"
#include "tensor/block_formats.h"

namespace rowmill {
namespace {

bool IsFiniteF16(uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }
bool IsFiniteBf16(uint16_t bits) { return (bits & 0x7f80) != 0x7f80; }
bool IsFiniteF32(uint32_t bits) { return (bits & 0x7f800000) != 0x7f800000; }

template <typename T>
T LoadUnaligned(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

bool HasFiniteScales(DType dtype, const std::byte* block) {
  const auto half_at = [block](size_t offset) { return LoadUnaligned<uint16_t>(block + offset); };
  switch (dtype) {
    case DType::kF32:
      return IsFiniteF32(LoadUnaligned<uint32_t>(block));
    case DType::kF16:
      return IsFiniteF16(half_at(0));
    case DType::kBF16:
      return IsFiniteBf16(half_at(0));
    case DType::kI32:
      return true;
    case DType::kQ4_0:
    case DType::kQ5_0:
    case DType::kQ8_0:
      return IsFiniteF16(half_at(0));
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return IsFiniteF16(half_at(0)) && IsFiniteF16(half_at(2));
    case DType::kQ2_K:
      return IsFiniteF16(half_at(offsetof(BlockQ2_K, d))) &&
             IsFiniteF16(half_at(offsetof(BlockQ2_K, dmin)));
    case DType::kQ3_K:
      return IsFiniteF16(half_at(offsetof(BlockQ3_K, d)));
    case DType::kQ6_K:
      return IsFiniteF16(half_at(offsetof(BlockQ6_K, d)));
  }
  return true;
}

}  // namespace

std::optional<uint64_t> FindNonFiniteRow(const TensorView& tensor) {
  const DTypeInfo& info = GetDTypeInfo(tensor.dtype);
  const uint64_t num_blocks = tensor.num_elements() / info.block_elements;
  CHECK(num_blocks <= tensor.bytes.size() / info.block_bytes);
  for (uint64_t i = 0; i < num_blocks; ++i) {
    if (!HasFiniteScales(tensor.dtype, tensor.bytes.data() + i * info.block_bytes)) {
      return i * info.block_elements / tensor.cols();
    }
  }
  return std::nullopt;
}

}  // namespace rowmill
