#include "kernels/pack.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/float16.h"
#include "tensor/block_formats.h"
#include "tensor/dequantize.h"

namespace rowmill::kernels {
namespace {

// A file block with its codes unsigned and one scale (and minimum) per packed block of 32 or 16.
// The scales are bits: of an f16 that is handed on untouched, or of an f32.
struct UnpackedBlock {
  uint8_t codes[kSuperBlock];
  uint32_t scales[16];
  uint32_t minima[16];
};

uint32_t F32Bits(float value) { return std::bit_cast<uint32_t>(value); }

void UnpackNibbles(const uint8_t* qs, uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = qs[j] & 15;
    codes[j + 16] = qs[j] >> 4;
  }
}

void AddFifthBits(const uint8_t* qh, uint8_t* codes) {
  for (int e = 0; e < kSmallBlock; ++e) {
    codes[e] = static_cast<uint8_t>(codes[e] | ((qh[e / 8] >> (e % 8)) & 1) << 4);
  }
}

void Unpack(const BlockQ4_0& block, UnpackedBlock& out) {
  UnpackNibbles(block.qs, out.codes);
  out.scales[0] = block.d;
}

void Unpack(const BlockQ4_1& block, UnpackedBlock& out) {
  UnpackNibbles(block.qs, out.codes);
  out.scales[0] = block.d;
  out.minima[0] = block.m;
}

void Unpack(const BlockQ5_0& block, UnpackedBlock& out) {
  UnpackNibbles(block.qs, out.codes);
  AddFifthBits(block.qh, out.codes);
  out.scales[0] = block.d;
}

void Unpack(const BlockQ5_1& block, UnpackedBlock& out) {
  UnpackNibbles(block.qs, out.codes);
  AddFifthBits(block.qh, out.codes);
  out.scales[0] = block.d;
  out.minima[0] = block.m;
}

void Unpack(const BlockQ8_0& block, UnpackedBlock& out) {
  for (int j = 0; j < kSmallBlock; ++j) out.codes[j] = static_cast<uint8_t>(block.qs[j] + 128);
  out.scales[0] = block.d;
}

// Products of an f16 (11 significant bits) and a scale of at most 8 bits are exact in f32.
void Unpack(const BlockQ2_K& block, UnpackedBlock& out) {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (int e = 0; e < kSuperBlock; ++e) {
    out.codes[e] = (block.qs[e / 128 * 32 + e % 32] >> (e % 128 / 32 * 2)) & 3;
  }
  for (int s = 0; s < 16; ++s) {
    out.scales[s] = F32Bits(d * static_cast<float>(block.scales[s] & 15));
    out.minima[s] = F32Bits(-(dmin * static_cast<float>(block.scales[s] >> 4)));
  }
}

void Unpack(const BlockQ3_K& block, UnpackedBlock& out) {
  const float d = F16ToF32(block.d);
  for (int e = 0; e < kSuperBlock; ++e) {
    const int low = (block.qs[e / 128 * 32 + e % 32] >> (e % 128 / 32 * 2)) & 3;
    const int high = (block.hmask[e % 32] >> (e / 32)) & 1;
    out.codes[e] = static_cast<uint8_t>(low | (high << 2));
  }
  for (int s = 0; s < 16; ++s) {
    out.scales[s] = F32Bits(d * static_cast<float>(UnpackQ3Scale(block.scales, s)));
  }
}

// Q4_K and Q5_K share the packing of scales: eight sub-blocks of 32.
void UnpackKScales(uint16_t d_bits, uint16_t dmin_bits, const uint8_t* scales, UnpackedBlock& out) {
  const float d = F16ToF32(d_bits);
  const float dmin = F16ToF32(dmin_bits);
  for (int s = 0; s < 8; ++s) {
    const ScaleAndMinimum pair = UnpackScaleAndMinimum(scales, s);
    out.scales[s] = F32Bits(d * static_cast<float>(pair.scale));
    out.minima[s] = F32Bits(-(dmin * static_cast<float>(pair.minimum)));
  }
}

void UnpackKNibbles(const uint8_t* qs, uint8_t* codes) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int l = 0; l < 32; ++l) {
      codes[64 * pair + l] = qs[32 * pair + l] & 15;
      codes[64 * pair + 32 + l] = qs[32 * pair + l] >> 4;
    }
  }
}

void Unpack(const BlockQ4_K& block, UnpackedBlock& out) {
  UnpackKNibbles(block.qs, out.codes);
  UnpackKScales(block.d, block.dmin, block.scales, out);
}

void Unpack(const BlockQ5_K& block, UnpackedBlock& out) {
  UnpackKNibbles(block.qs, out.codes);
  for (int e = 0; e < kSuperBlock; ++e) {
    const int fifth = (block.qh[e % 32] >> (e / 32)) & 1;
    out.codes[e] = static_cast<uint8_t>(out.codes[e] | (fifth << 4));
  }
  UnpackKScales(block.d, block.dmin, block.scales, out);
}

void Unpack(const BlockQ6_K& block, UnpackedBlock& out) {
  const float d = F16ToF32(block.d);
  for (int e = 0; e < kSuperBlock; ++e) {
    const int half = e / 128;
    const int quarter = e % 128 / 32;
    const int l = e % 32;
    const int low = (block.ql[64 * half + quarter % 2 * 32 + l] >> (quarter / 2 * 4)) & 15;
    const int high = (block.qh[32 * half + l] >> (2 * quarter)) & 3;
    out.codes[e] = static_cast<uint8_t>(low | (high << 4));
  }
  for (int s = 0; s < 16; ++s) {
    out.scales[s] = F32Bits(d * static_cast<float>(block.scales[s]));
  }
}

void WriteScale(uint32_t bits, ScaleType type, std::byte* out) {
  if (type == ScaleType::kF16) {
    const auto half = static_cast<uint16_t>(bits);
    std::memcpy(out, &half, sizeof(half));
  } else {
    std::memcpy(out, &bits, sizeof(bits));
  }
}

// Puts channel c's part of one packed block, whose codes begin at `codes`, into place.
void WriteChannel(const BlockFormat& format, const uint8_t* codes, size_t c, std::byte* out) {
  if (format.code_bits == CodeBits::k8) {
    for (size_t z = 0; z < format.block_k / 4u; ++z) {
      std::memcpy(out + 64 * z + 4 * c, codes + 4 * z, 4);
    }
    return;
  }
  for (size_t z = 0; z < format.block_k / 8u; ++z) {
    for (size_t j = 0; j < 4; ++j) {
      const int both = codes[8 * z + j] | (codes[8 * z + 4 + j] << 4);
      out[64 * z + 4 * c + j] = static_cast<std::byte>(both);
    }
  }
}

uint64_t SourceRow(const uint32_t* row_order, size_t channel) {
  return row_order == nullptr ? channel : row_order[channel];
}

// Checked once per group: the bytes of a row, having made sure that all rows are there.
uint64_t RowBytes(const TensorView& w) {
  const DTypeInfo& info = GetDTypeInfo(w.dtype);
  CHECK(w.cols() % info.block_elements == 0);
  const uint64_t row_bytes = w.cols() / info.block_elements * info.block_bytes;
  CHECK(row_bytes > 0 && w.rows() <= w.bytes.size() / row_bytes);
  return row_bytes;
}

template <typename Block>
void PackGroup(const TensorView& w, const uint32_t* row_order, size_t group, std::byte* out) {
  const DTypeInfo& info = GetDTypeInfo(w.dtype);
  const BlockFormat format = PackedFormatOf(w.dtype).value();
  const uint64_t row_bytes = RowBytes(w);
  const size_t packed_per_file_block = info.block_elements / format.block_k;
  const size_t code_bytes =
      kGroupChannels * format.block_k * static_cast<size_t>(format.code_bits) / 8;
  const size_t scale_bytes = format.scale_type == ScaleType::kF16 ? 2 : 4;
  const size_t first = group * kGroupChannels;
  const size_t num_channels = std::min<uint64_t>(kGroupChannels, w.rows() - first);
  std::memset(out, 0, format.group_bytes(w.cols()));
  for (size_t c = 0; c < num_channels; ++c) {
    const uint64_t row = SourceRow(row_order, first + c);
    CHECK(row < w.rows());
    // Block structs have an alignment of 1.
    const auto* blocks = reinterpret_cast<const Block*>(w.bytes.data() + row * row_bytes);
    std::byte* to = out;
    for (size_t b = 0; b < w.cols() / info.block_elements; ++b) {
      UnpackedBlock block;
      Unpack(blocks[b], block);
      for (size_t s = 0; s < packed_per_file_block; ++s, to += format.block_bytes()) {
        WriteChannel(format, block.codes + s * format.block_k, c, to);
        std::byte* scales = to + code_bytes;
        WriteScale(block.scales[s], format.scale_type, scales + c * scale_bytes);
        if (format.has_minimum == HasMinimum::kYes) {
          std::byte* minima = scales + kGroupChannels * scale_bytes;
          WriteScale(block.minima[s], format.scale_type, minima + c * scale_bytes);
        }
      }
    }
  }
}

}  // namespace

std::optional<BlockFormat> PackedFormatOf(DType dtype) {
  constexpr auto kNoMin = HasMinimum::kNo;
  constexpr auto kMin = HasMinimum::kYes;
  switch (dtype) {
    case DType::kQ4_0:
      return BlockFormat{CodeBits::k4, ScaleType::kF16, kNoMin, 32, 8};
    case DType::kQ4_1:
      return BlockFormat{CodeBits::k4, ScaleType::kF16, kMin, 32, 0};
    case DType::kQ5_0:
      return BlockFormat{CodeBits::k8, ScaleType::kF16, kNoMin, 32, 16};
    case DType::kQ5_1:
      return BlockFormat{CodeBits::k8, ScaleType::kF16, kMin, 32, 0};
    case DType::kQ8_0:
      return BlockFormat{CodeBits::k8, ScaleType::kF16, kNoMin, 32, 128};
    case DType::kQ2_K:
      return BlockFormat{CodeBits::k4, ScaleType::kF32, kMin, 16, 0};
    case DType::kQ3_K:
      return BlockFormat{CodeBits::k4, ScaleType::kF32, kNoMin, 16, 4};
    case DType::kQ4_K:
      return BlockFormat{CodeBits::k4, ScaleType::kF32, kMin, 32, 0};
    case DType::kQ5_K:
      return BlockFormat{CodeBits::k8, ScaleType::kF32, kMin, 32, 0};
    case DType::kQ6_K:
      return BlockFormat{CodeBits::k8, ScaleType::kF32, kNoMin, 16, 32};
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kI32:
      break;
  }
  return std::nullopt;
}

void PackBlockGroup(const TensorView& w, const uint32_t* row_order, size_t group, std::byte* out) {
  CHECK(w.rows() > group * kGroupChannels);
  switch (w.dtype) {
    case DType::kQ4_0:
      return PackGroup<BlockQ4_0>(w, row_order, group, out);
    case DType::kQ4_1:
      return PackGroup<BlockQ4_1>(w, row_order, group, out);
    case DType::kQ5_0:
      return PackGroup<BlockQ5_0>(w, row_order, group, out);
    case DType::kQ5_1:
      return PackGroup<BlockQ5_1>(w, row_order, group, out);
    case DType::kQ8_0:
      return PackGroup<BlockQ8_0>(w, row_order, group, out);
    case DType::kQ2_K:
      return PackGroup<BlockQ2_K>(w, row_order, group, out);
    case DType::kQ3_K:
      return PackGroup<BlockQ3_K>(w, row_order, group, out);
    case DType::kQ4_K:
      return PackGroup<BlockQ4_K>(w, row_order, group, out);
    case DType::kQ5_K:
      return PackGroup<BlockQ5_K>(w, row_order, group, out);
    case DType::kQ6_K:
      return PackGroup<BlockQ6_K>(w, row_order, group, out);
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kI32:
      break;
  }
  CHECK(PackedFormatOf(w.dtype).has_value());
}

void PackFloatGroup(const TensorView& w, const uint32_t* row_order, size_t group, std::byte* out) {
  CHECK(w.dtype == DType::kF32 || w.dtype == DType::kF16 || w.dtype == DType::kBF16);
  CHECK(w.rows() > group * kGroupChannels);
  const size_t element_bytes = GetDTypeInfo(w.dtype).block_bytes;
  const uint64_t row_bytes = RowBytes(w);
  const size_t first = group * kGroupChannels;
  const size_t num_channels = std::min<uint64_t>(kGroupChannels, w.rows() - first);
  std::memset(out, 0, w.cols() * kGroupChannels * element_bytes);
  for (size_t c = 0; c < num_channels; ++c) {
    const uint64_t row = SourceRow(row_order, first + c);
    CHECK(row < w.rows());
    const std::byte* from = w.bytes.data() + row * row_bytes;
    for (size_t k = 0; k < w.cols(); ++k) {
      std::memcpy(out + (k * kGroupChannels + c) * element_bytes, from + k * element_bytes,
                  element_bytes);
    }
  }
}

void PackDequantizedGroup(const TensorView& w, const uint32_t* row_order, size_t group,
                          std::byte* out) {
  CHECK(w.rows() > group * kGroupChannels);
  const size_t first = group * kGroupChannels;
  const size_t num_channels = std::min<uint64_t>(kGroupChannels, w.rows() - first);
  std::memset(out, 0, w.cols() * kGroupChannels * sizeof(float));
  std::vector<float> values(w.cols());
  for (size_t c = 0; c < num_channels; ++c) {
    DequantizeRow(w, SourceRow(row_order, first + c), values);
    for (size_t k = 0; k < values.size(); ++k) {
      std::memcpy(out + (k * kGroupChannels + c) * sizeof(float), &values[k], sizeof(float));
    }
  }
}

}  // namespace rowmill::kernels
