// What a tile of rows is to gemm_blocks-inl.h and to the FoldTile that it calls.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/gemm_kinds.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

// With minima the term that goes with a block's sum of codes is s * float(sum); otherwise it is the
// integer -zero_point * sum.
union Term {
  float real;
  int32_t integer;
};

template <HasMinimum kMin>
ROWMILL_INLINE int32_t Correction(const Term& term) {
  return kMin == HasMinimum::kYes ? 0 : term.integer;
}

// 32 inputs of a tile's rows, gathered so that the inner loop walks one stream: as the rows lie in
// memory they need a pointer each, and where K is a large power of two they all fall into one cache
// set.
template <size_t kRows, size_t kHalves>
struct TileBlock {
  float scales[kRows];
  Term terms[kHalves][kRows];  // per packed block
  int8_t codes[kRows][kBlockK];
};

struct FormatShape {
  size_t block_bytes;
  size_t code_bytes;
  size_t scale_bytes;  // of the 16 scales
  ScaleType scale_type;
  size_t halves;  // packed blocks per 32 inputs
  int zero_point;
};

ROWMILL_INLINE size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }

inline FormatShape ShapeOf(const BlockFormat& format) {
  FormatShape shape;
  shape.scale_type = format.scale_type;
  shape.scale_bytes = kGroupChannels * (format.scale_type == ScaleType::kF16 ? 2 : 4);
  shape.code_bytes = kGroupChannels * format.block_k * static_cast<size_t>(format.code_bits) / 8;
  shape.block_bytes =
      shape.code_bytes + shape.scale_bytes * (format.has_minimum == HasMinimum::kYes ? 2 : 1);
  shape.halves = kBlockK / format.block_k;
  shape.zero_point = format.zero_point;
  return shape;
}

template <HasMinimum kMin, size_t kRows, size_t kHalves>
ROWMILL_NOINLINE void GatherTile(const QuantizedRows& rows, size_t first_block,
                                 size_t blocks_per_row, size_t num_blocks, int zero_point,
                                 TileBlock<kRows, kHalves>* tile) {
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t i = 0; i < num_blocks; ++i) {
      const size_t b = first_block + r * blocks_per_row + i;
      __builtin_memcpy(tile[i].codes[r], rows.codes + b * kBlockK, kBlockK);
      const float scale = rows.scales[b];
      tile[i].scales[r] = scale;
#pragma GCC unroll 2
      for (size_t half = 0; half < kHalves; ++half) {
        const int16_t* sums = rows.sums + 2 * b + half;
        const int sum = kHalves == 2 ? sums[0] : sums[0] + sums[1];
        if constexpr (kMin == HasMinimum::kYes) {
          tile[i].terms[half][r].real = scale * static_cast<float>(sum);
        } else {
          tile[i].terms[half][r].integer = -zero_point * sum;
        }
      }
    }
  }
}

}  // namespace
}  // namespace rowmill::kernels
