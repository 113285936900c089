// The element formats of weights: GGUF's type ids, their block sizes and names.
// Source: the GGUF specification (ggml, docs/gguf.md) and ggml-common.h of ggml 0.25.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rowmill {

// The values are GGUF's own type ids. Ids that are missing were removed from GGUF or are not
// supported.
enum class DType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kI32 = 26,
  kBF16 = 30,
};

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  uint32_t block_elements;  // consecutive elements of one row that share a block
  uint32_t block_bytes;
};

// Nullopt for an id that is not supported.
std::optional<DType> DTypeFromId(uint32_t gguf_type_id);
// CHECKs that the value is one of the enum.
const DTypeInfo& GetDTypeInfo(DType dtype);
inline std::string_view Name(DType dtype) { return GetDTypeInfo(dtype).name; }

}  // namespace rowmill
