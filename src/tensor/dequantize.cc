// Every formula keeps ggml's order of operations, each rounded on its own: products of scales
// first, then times the code, then plus or minus the minimum. -ffp-contract=off keeps the compiler
// from fusing them.
#include "tensor/dequantize.h"

#include <cstring>

#include "base/check.h"
#include "base/float16.h"
#include "tensor/block_formats.h"

namespace rowmill {
namespace {

template <typename T>
T LoadUnaligned(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// Bit e = 0..31 of Q5's qh, moved to where the fifth bit of a code is.
int FifthBit(const uint8_t* qh, int e) { return ((qh[e / 8] >> (e % 8)) & 1) << 4; }

void Dequantize(const BlockQ4_0& block, float* out) {
  const float d = F16ToF32(block.d);
  for (int j = 0; j < 16; ++j) {
    out[j] = static_cast<float>((block.qs[j] & 15) - 8) * d;
    out[j + 16] = static_cast<float>((block.qs[j] >> 4) - 8) * d;
  }
}

void Dequantize(const BlockQ4_1& block, float* out) {
  const float d = F16ToF32(block.d);
  const float m = F16ToF32(block.m);
  for (int j = 0; j < 16; ++j) {
    out[j] = static_cast<float>(block.qs[j] & 15) * d + m;
    out[j + 16] = static_cast<float>(block.qs[j] >> 4) * d + m;
  }
}

void Dequantize(const BlockQ5_0& block, float* out) {
  const float d = F16ToF32(block.d);
  for (int j = 0; j < 16; ++j) {
    const int low = (block.qs[j] & 15) | FifthBit(block.qh, j);
    const int high = (block.qs[j] >> 4) | FifthBit(block.qh, j + 16);
    out[j] = static_cast<float>(low - 16) * d;
    out[j + 16] = static_cast<float>(high - 16) * d;
  }
}

void Dequantize(const BlockQ5_1& block, float* out) {
  const float d = F16ToF32(block.d);
  const float m = F16ToF32(block.m);
  for (int j = 0; j < 16; ++j) {
    const int low = (block.qs[j] & 15) | FifthBit(block.qh, j);
    const int high = (block.qs[j] >> 4) | FifthBit(block.qh, j + 16);
    out[j] = static_cast<float>(low) * d + m;
    out[j + 16] = static_cast<float>(high) * d + m;
  }
}

void Dequantize(const BlockQ8_0& block, float* out) {
  const float d = F16ToF32(block.d);
  for (int j = 0; j < 32; ++j) out[j] = static_cast<float>(block.qs[j]) * d;
}

// Q2_K and Q3_K keep element e of half h = e / 128 in byte e % 32 of the half, at bit 2 * (e % 128
// / 32).
void Dequantize(const BlockQ2_K& block, float* out) {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (int e = 0; e < kSuperBlock; ++e) {
    const uint8_t scale = block.scales[e / 16];
    const float step = d * static_cast<float>(scale & 15);
    const float minimum = dmin * static_cast<float>(scale >> 4);
    const int code = (block.qs[e / 128 * 32 + e % 32] >> (e % 128 / 32 * 2)) & 3;
    out[e] = step * static_cast<float>(code) - minimum;
  }
}

void Dequantize(const BlockQ3_K& block, float* out) {
  const float d = F16ToF32(block.d);
  for (int e = 0; e < kSuperBlock; ++e) {
    const float step = d * static_cast<float>(UnpackQ3Scale(block.scales, e / 16));
    const int low = (block.qs[e / 128 * 32 + e % 32] >> (e % 128 / 32 * 2)) & 3;
    const bool has_high_bit = ((block.hmask[e % 32] >> (e / 32)) & 1) != 0;
    out[e] = step * static_cast<float>(low - (has_high_bit ? 0 : 4));
  }
}

// Q4_K and Q5_K: a pair of sub-blocks shares 32 bytes of codes, the even one in the low nibbles.
void Dequantize(const BlockQ4_K& block, float* out) {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleAndMinimum pair = UnpackScaleAndMinimum(block.scales, s);
    const float step = d * static_cast<float>(pair.scale);
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int code = (block.qs[s / 2 * 32 + l] >> (s % 2 * 4)) & 15;
      out[32 * s + l] = step * static_cast<float>(code) - minimum;
    }
  }
}

void Dequantize(const BlockQ5_K& block, float* out) {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleAndMinimum pair = UnpackScaleAndMinimum(block.scales, s);
    const float step = d * static_cast<float>(pair.scale);
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int low = (block.qs[s / 2 * 32 + l] >> (s % 2 * 4)) & 15;
      const int code = low | (((block.qh[l] >> s) & 1) << 4);
      out[32 * s + l] = step * static_cast<float>(code) - minimum;
    }
  }
}

// Half h of Q6_K has its low nibbles in ql[64h..64h+63], quarters 0 and 1 in the low and 2 and 3 in
// the high ones, and the upper two bits of quarter k in bits 2k and 2k+1 of qh[32h..32h+31].
void Dequantize(const BlockQ6_K& block, float* out) {
  const float d = F16ToF32(block.d);
  for (int e = 0; e < kSuperBlock; ++e) {
    const int half = e / 128;
    const int quarter = e % 128 / 32;
    const int l = e % 32;
    const int low = (block.ql[64 * half + quarter % 2 * 32 + l] >> (quarter / 2 * 4)) & 15;
    const int high = (block.qh[32 * half + l] >> (2 * quarter)) & 3;
    const float step = d * static_cast<float>(block.scales[e / 16]);
    out[e] = step * static_cast<float>((low | (high << 4)) - 32);
  }
}

template <typename Block>
void DequantizeBlocks(const std::byte* from, int block_elements, std::span<float> out) {
  const auto* blocks = reinterpret_cast<const Block*>(from);  // alignof(Block) is 1
  const size_t num_blocks = out.size() / static_cast<size_t>(block_elements);
  for (size_t i = 0; i < num_blocks; ++i) {
    Dequantize(blocks[i], out.data() + i * static_cast<size_t>(block_elements));
  }
}

void ConvertFloats(DType dtype, const std::byte* from, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    switch (dtype) {
      case DType::kF32:
        out[i] = LoadUnaligned<float>(from + 4 * i);
        break;
      case DType::kF16:
        out[i] = F16ToF32(LoadUnaligned<uint16_t>(from + 2 * i));
        break;
      case DType::kBF16:
        out[i] = Bf16ToF32(LoadUnaligned<uint16_t>(from + 2 * i));
        break;
      default:
        out[i] = static_cast<float>(LoadUnaligned<int32_t>(from + 4 * i));
        break;
    }
  }
}

}  // namespace

void DequantizeRow(const TensorView& tensor, uint64_t row, std::span<float> out) {
  const DTypeInfo& info = GetDTypeInfo(tensor.dtype);
  CHECK(row < tensor.rows());
  CHECK(out.size() == tensor.cols());
  CHECK(out.size() % info.block_elements == 0);
  const uint64_t row_bytes = out.size() / info.block_elements * info.block_bytes;
  CHECK(row < tensor.bytes.size() / row_bytes);
  const std::byte* from = tensor.bytes.data() + row * row_bytes;
  switch (tensor.dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kI32:
      return ConvertFloats(tensor.dtype, from, out);
    case DType::kQ4_0:
      return DequantizeBlocks<BlockQ4_0>(from, kSmallBlock, out);
    case DType::kQ4_1:
      return DequantizeBlocks<BlockQ4_1>(from, kSmallBlock, out);
    case DType::kQ5_0:
      return DequantizeBlocks<BlockQ5_0>(from, kSmallBlock, out);
    case DType::kQ5_1:
      return DequantizeBlocks<BlockQ5_1>(from, kSmallBlock, out);
    case DType::kQ8_0:
      return DequantizeBlocks<BlockQ8_0>(from, kSmallBlock, out);
    case DType::kQ2_K:
      return DequantizeBlocks<BlockQ2_K>(from, kSuperBlock, out);
    case DType::kQ3_K:
      return DequantizeBlocks<BlockQ3_K>(from, kSuperBlock, out);
    case DType::kQ4_K:
      return DequantizeBlocks<BlockQ4_K>(from, kSuperBlock, out);
    case DType::kQ5_K:
      return DequantizeBlocks<BlockQ5_K>(from, kSuperBlock, out);
    case DType::kQ6_K:
      return DequantizeBlocks<BlockQ6_K>(from, kSuperBlock, out);
  }
}

}  // namespace rowmill
