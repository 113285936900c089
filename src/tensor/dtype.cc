#include "tensor/dtype.h"

#include <array>

#include "base/check.h"

namespace rowmill {
namespace {

constexpr std::array kDTypes = {
    DTypeInfo{DType::kF32, "F32", 1, 4},       DTypeInfo{DType::kF16, "F16", 1, 2},
    DTypeInfo{DType::kQ4_0, "Q4_0", 32, 18},   DTypeInfo{DType::kQ4_1, "Q4_1", 32, 20},
    DTypeInfo{DType::kQ5_0, "Q5_0", 32, 22},   DTypeInfo{DType::kQ5_1, "Q5_1", 32, 24},
    DTypeInfo{DType::kQ8_0, "Q8_0", 32, 34},   DTypeInfo{DType::kQ2_K, "Q2_K", 256, 84},
    DTypeInfo{DType::kQ3_K, "Q3_K", 256, 110}, DTypeInfo{DType::kQ4_K, "Q4_K", 256, 144},
    DTypeInfo{DType::kQ5_K, "Q5_K", 256, 176}, DTypeInfo{DType::kQ6_K, "Q6_K", 256, 210},
    DTypeInfo{DType::kI32, "I32", 1, 4},       DTypeInfo{DType::kBF16, "BF16", 1, 2},
};

const DTypeInfo* FindDTypeInfo(uint32_t gguf_type_id) {
  for (const DTypeInfo& info : kDTypes) {
    if (static_cast<uint32_t>(info.dtype) == gguf_type_id) return &info;
  }
  return nullptr;
}

}  // namespace

std::optional<DType> DTypeFromId(uint32_t gguf_type_id) {
  const DTypeInfo* info = FindDTypeInfo(gguf_type_id);
  return info == nullptr ? std::nullopt : std::optional<DType>(info->dtype);
}

const DTypeInfo& GetDTypeInfo(DType dtype) {
  const DTypeInfo* info = FindDTypeInfo(static_cast<uint32_t>(dtype));
  CHECK(info != nullptr);
  return *info;
}

}  // namespace rowmill
