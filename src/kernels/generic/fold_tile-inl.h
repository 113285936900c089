// FoldTile of gemm_blocks-inl.h for registers of which a 32-bit lane is a channel. The including
// source brings
//
//   CodeVector    a register of codes: kLanes 32-bit lanes, a channel each, of 4 inputs
//   FloatVector   kLanes floats
//   LoadCodes, LowNibbles, HighNibbles, BroadcastInputs (4 inputs to every lane)
//   LoadScales (kLanes scales of either type), the FloatVector arithmetic used below
//   Dot<kind>     an exact sum of products: Type, Start, Step (two vectors), Finish to FloatVector;
//                 Start and Finish both get the zero point's correction, and one of them adds it
//
// Codes of four inputs meet all rows of the tile before the next four: the weights are unpacked
// once per tile and the rows' sums are independent chains.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/gemm_tile-inl.h"

namespace rowmill::kernels {
namespace {

// Folds the tile's blocks into acc[r][16], for the kLanes channels of the group from `lane` on.
template <CodeKind kKind, HasMinimum kMin, size_t kRows, size_t kHalves>
ROWMILL_NOINLINE void FoldTile(const TileBlock<kRows, kHalves>* tile, size_t num_blocks,
                               const FormatShape& shape, const std::byte* block, size_t lane,
                               float (*acc)[kGroupChannels]) {
  constexpr size_t kBits = kKind == CodeKind::kNibbles ? 4 : 8;
  constexpr size_t kHalfInputs = kBlockK / kHalves;
  FloatVector sums[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) sums[r] = LoadFloats(acc[r] + lane);
  for (size_t b = 0; b < num_blocks; ++b, ++tile) {
#pragma GCC unroll 2
    for (size_t half = 0; half < kHalves; ++half) {
      const Term* terms = tile->terms[half];
      typename Dot<kKind>::Type dots[kRows];
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        dots[r] = Dot<kKind>::Start(Correction<kMin>(terms[r]));
      }
#pragma GCC unroll 4
      for (size_t i = 0; i < kHalfInputs; i += 8) {
        CodeVector first, second;
        if constexpr (kBits == 4) {
          const CodeVector both = LoadCodes(block + 8 * i + 4 * lane);
          first = LowNibbles(both);
          second = HighNibbles(both);
        } else {
          first = LoadCodes(block + 16 * i + 4 * lane);
          second = LoadCodes(block + 16 * i + 64 + 4 * lane);
        }
#pragma GCC unroll 16
        for (size_t r = 0; r < kRows; ++r) {
          const int8_t* inputs = tile->codes[r] + half * kHalfInputs + i;
          dots[r] = Dot<kKind>::Step(dots[r], first, BroadcastInputs(inputs), second,
                                     BroadcastInputs(inputs + 4));
        }
      }
      const std::byte* scales = block + shape.code_bytes;
      const FloatVector scale = LoadScales(scales, lane, shape.scale_type);
      FloatVector minimum = scale;
      if constexpr (kMin == HasMinimum::kYes) {
        minimum = LoadScales(scales + shape.scale_bytes, lane, shape.scale_type);
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        const FloatVector product = MulFloats(SetFloats(tile->scales[r]), scale);
        const FloatVector dot = Dot<kKind>::Finish(dots[r], Correction<kMin>(terms[r]));
        sums[r] = FmaFloats(dot, product, sums[r]);
        if constexpr (kMin == HasMinimum::kYes) {
          sums[r] = FmaFloats(minimum, SetFloats(terms[r].real), sums[r]);
        }
      }
      block += shape.block_bytes;
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) StoreFloats(acc[r] + lane, sums[r]);
}

}  // namespace
}  // namespace rowmill::kernels
