#include "kernels/generic/gemm_tile-inl.h"
#include "kernels/isa_functions.h"
#include "kernels/neon/gemm_vectors.h"

namespace rowmill::kernels {
namespace {

// Three pairs of rows by eight channels: 12 registers of dot products and 12 of sums, four of
// codes, one of inputs: 29 of 32.
constexpr size_t kMaxTileRows = 6;

// Eight inputs of eight channels, two channels to a register: what USMMLA takes on its left.
struct ChannelPairs {
  uint8x16_t q[4];
};

ROWMILL_INLINE uint8x16_t ZipLow(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u32(vzip1q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}
ROWMILL_INLINE uint8x16_t ZipHigh(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u32(vzip2q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}

// From vectors whose 32-bit lanes are channels, the first with inputs 0..3, the second with 4..7.
ROWMILL_INLINE ChannelPairs PairChannels(CodeVector first, CodeVector second) {
  return {{ZipLow(first.low, second.low), ZipHigh(first.low, second.low),
           ZipLow(first.high, second.high), ZipHigh(first.high, second.high)}};
}

// Eight inputs of two rows: what USMMLA takes on its right.
ROWMILL_INLINE int8x16_t PairRows(const int8_t* row0, const int8_t* row1) {
  return vcombine_s8(vld1_s8(row0), vld1_s8(row1));
}

// Four channels of the even and of the odd row out of two products [channel][row].
ROWMILL_INLINE float32x4_t EvenRow(int32x4_t low, int32x4_t high) {
  return vcvtq_f32_s32(vuzp1q_s32(low, high));
}
ROWMILL_INLINE float32x4_t OddRow(int32x4_t low, int32x4_t high) {
  return vcvtq_f32_s32(vuzp2q_s32(low, high));
}

// The sums [channel][row] of a pair of rows with eight channels. USMMLA
// multiplies unsigned by signed bytes, so all kinds of codes are alike, and the correction is where
// the sums start.
struct PairDots {
  int32x4_t q[4];
};

ROWMILL_INLINE PairDots StartDots(int32_t row0, int32_t row1) {
  const int32x4_t both = vzip1q_s32(vdupq_n_s32(row0), vdupq_n_s32(row1));
  return {{both, both, both, both}};
}

// As in fold_tile-inl.h, with rows in pairs; the last of an odd number of rows is its own partner.
template <CodeKind kKind, HasMinimum kMin, size_t kRows, size_t kHalves>
ROWMILL_NOINLINE void FoldTile(const TileBlock<kRows, kHalves>* tile, size_t num_blocks,
                               const FormatShape& shape, const std::byte* block, size_t lane,
                               float (*acc)[kGroupChannels]) {
  constexpr size_t kBits = kKind == CodeKind::kNibbles ? 4 : 8;
  constexpr size_t kHalfInputs = kBlockK / kHalves;
  constexpr size_t kPairs = (kRows + 1) / 2;
  const auto partner = [](size_t r) { return r + 1 < kRows ? r + 1 : r; };
  FloatVector sums[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) sums[r] = LoadFloats(acc[r] + lane);
  for (size_t b = 0; b < num_blocks; ++b, ++tile) {
#pragma GCC unroll 2
    for (size_t half = 0; half < kHalves; ++half) {
      const Term* terms = tile->terms[half];
      PairDots dots[kPairs];
#pragma GCC unroll 16
      for (size_t p = 0; p < kPairs; ++p) {
        dots[p] =
            StartDots(Correction<kMin>(terms[2 * p]), Correction<kMin>(terms[partner(2 * p)]));
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
        const ChannelPairs codes = PairChannels(first, second);
        const size_t at = half * kHalfInputs + i;
#pragma GCC unroll 16
        for (size_t p = 0; p < kPairs; ++p) {
          const int8x16_t inputs =
              PairRows(tile->codes[2 * p] + at, tile->codes[partner(2 * p)] + at);
#pragma GCC unroll 4
          for (size_t q = 0; q < 4; ++q) {
            dots[p].q[q] = vusmmlaq_s32(dots[p].q[q], codes.q[q], inputs);
          }
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
        const PairDots& pair = dots[r / 2];
        const FloatVector dot =
            r % 2 == 0 ? FloatVector{EvenRow(pair.q[0], pair.q[1]), EvenRow(pair.q[2], pair.q[3])}
                       : FloatVector{OddRow(pair.q[0], pair.q[1]), OddRow(pair.q[2], pair.q[3])};
        sums[r] = FmaFloats(dot, MulFloats(SetFloats(tile->scales[r]), scale), sums[r]);
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

// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"

ROWMILL_DECLARE_KERNELS(neon_dotprod)
ROWMILL_DECLARE_KERNELS(neon_i8mm)

namespace rowmill::kernels::neon_i8mm {

// A row that has no partner would do its work twice.
void GemmBlocks(const BlockGemmArgs& args) {
  if (args.m == 1) return neon_dotprod::GemmBlocks(args);
  MultiplyAnyFormat(args);
}

}  // namespace rowmill::kernels::neon_i8mm
