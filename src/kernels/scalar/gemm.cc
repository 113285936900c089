#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/float16.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels::scalar {
namespace {

// One block of one group, unpacked.
struct Block {
  uint8_t codes[kBlockK][kGroupChannels];  // block_k of them
  float scales[kGroupChannels];
  float minima[kGroupChannels];
};

float ReadScale(const std::byte* bytes, ScaleType type, size_t channel) {
  if (type == ScaleType::kF16) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes + channel * sizeof(bits), sizeof(bits));
    return F16ToF32(bits);
  }
  float value = 0;
  std::memcpy(&value, bytes + channel * sizeof(value), sizeof(value));
  return value;
}

void UnpackBlock(const std::byte* data, const BlockFormat& format, Block& block) {
  const bool four_bits = format.code_bits == CodeBits::k4;
  const size_t inputs_per_vector = four_bits ? 8 : 4;
  for (size_t i = 0; i < format.block_k; ++i) {
    const std::byte* vector = data + i / inputs_per_vector * 64;
    for (size_t c = 0; c < kGroupChannels; ++c) {
      const auto byte = static_cast<uint8_t>(vector[4 * c + i % 4]);
      if (!four_bits) {
        block.codes[i][c] = byte;
      } else {
        block.codes[i][c] = i % 8 < 4 ? byte & 15 : byte >> 4;
      }
    }
  }
  const std::byte* scales =
      data + kGroupChannels * format.block_k * static_cast<size_t>(format.code_bits) / 8;
  const std::byte* minima =
      scales + kGroupChannels * (format.scale_type == ScaleType::kF16 ? 2 : 4);
  for (size_t c = 0; c < kGroupChannels; ++c) {
    block.scales[c] = ReadScale(scales, format.scale_type, c);
    block.minima[c] =
        format.has_minimum == HasMinimum::kYes ? ReadScale(minima, format.scale_type, c) : 0.0f;
  }
}

// acc[c] takes block `b` of one row.
void FoldBlock(const Block& block, const BlockFormat& format, const QuantizedRows& rows,
               size_t first_code, float* acc) {
  const int8_t* codes = rows.codes + first_code;
  const float activation_scale = rows.scales[first_code / kBlockK];
  int sum = 0;
  for (size_t s = 0; s < format.block_k / 16u; ++s) sum += rows.sums[first_code / 16 + s];
  int dot[kGroupChannels];
  for (int& d : dot) d = -format.zero_point * sum;
  for (size_t i = 0; i < format.block_k; ++i) {
    for (size_t c = 0; c < kGroupChannels; ++c) dot[c] += block.codes[i][c] * codes[i];
  }
  for (size_t c = 0; c < kGroupChannels; ++c) {
    acc[c] = std::fma(static_cast<float>(dot[c]), activation_scale * block.scales[c], acc[c]);
    if (format.has_minimum == HasMinimum::kYes) {
      acc[c] = std::fma(block.minima[c], activation_scale * static_cast<float>(sum), acc[c]);
    }
  }
}

void StoreRow(const float* acc, size_t num_channels, Store store, float* y) {
  for (size_t c = 0; c < num_channels; ++c) y[c] = store == Store::kAdd ? y[c] + acc[c] : acc[c];
}

template <typename T>
T ReadElement(const std::byte* data, size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

float ReadWeight(const PackedFloats& weights, size_t index) {
  switch (weights.type) {
    case FloatType::kF16:
      return F16ToF32(ReadElement<uint16_t>(weights.data, index));
    case FloatType::kBF16:
      return Bf16ToF32(ReadElement<uint16_t>(weights.data, index));
    case FloatType::kF32:
      break;
  }
  return ReadElement<float>(weights.data, index);
}

}  // namespace

void GemmBlocks(const BlockGemmArgs& args) {
  constexpr size_t kRowTile = 32;  // a block is unpacked once for so many rows
  const PackedBlocks& weights = *args.weights;
  const BlockFormat& format = weights.format;
  const size_t num_blocks = weights.k / format.block_k;
  for (size_t group = args.group_begin; group < args.group_end; ++group) {
    const std::byte* data = weights.data + group * format.group_bytes(weights.k);
    const size_t first_channel = group * kGroupChannels;
    const size_t num_channels = std::min(kGroupChannels, weights.n - first_channel);
    for (size_t row_begin = 0; row_begin < args.m; row_begin += kRowTile) {
      const size_t num_rows = std::min(kRowTile, args.m - row_begin);
      float acc[kRowTile][kGroupChannels] = {};
      for (size_t b = 0; b < num_blocks; ++b) {
        Block block;
        UnpackBlock(data + b * format.block_bytes(), format, block);
        for (size_t row = 0; row < num_rows; ++row) {
          const size_t first_code = (row_begin + row) * weights.k + b * format.block_k;
          FoldBlock(block, format, *args.rows, first_code, acc[row]);
        }
      }
      for (size_t row = 0; row < num_rows; ++row) {
        StoreRow(acc[row], num_channels, args.store,
                 args.y + (row_begin + row) * args.ldy + first_channel);
      }
    }
  }
}

void GemmFloats(const FloatGemmArgs& args) {
  const PackedFloats& weights = *args.weights;
  for (size_t group = args.group_begin; group < args.group_end; ++group) {
    const size_t first_channel = group * kGroupChannels;
    const size_t num_channels = std::min(kGroupChannels, weights.n - first_channel);
    for (size_t row = 0; row < args.m; ++row) {
      const float* x = args.x + row * args.ldx;
      float acc[kGroupChannels] = {};
      for (size_t k = 0; k < weights.k; ++k) {
        const size_t first = (group * weights.k + k) * kGroupChannels;
        for (size_t c = 0; c < kGroupChannels; ++c) {
          acc[c] = std::fma(x[k], ReadWeight(weights, first + c), acc[c]);
        }
      }
      StoreRow(acc, num_channels, args.store, args.y + row * args.ldy + first_channel);
    }
  }
}

}  // namespace rowmill::kernels::scalar
