// Y = X * W^T for weights in packed blocks and 8-bit activations, on tiles of 16 rows by 16
// channels. The including source brings the tile instructions: tiles.h, or the emulation of the
// tests.
//
// A block has its own scales, so a tile multiplication covers the inputs of one block, 32 or 16:
// its sums are exact integers, and they are folded into the 16 x 16 accumulators, which stay in
// AVX-512 registers over all blocks, by the operations of kernels.h in their order. The bits are
// those of every other table. Half of a tile's depth lies idle; per 16 x 16 x 32 products that is
// 16 cycles of the multiplier against 24 to 32 of folding, so depth is not what limits.
//
// Weights outer: a panel of kPanelGroups groups is unpacked to signed bytes, less the zero point,
// so that no correction is left, and meets up to kPanelTiles tiles of rows. The packed layout has
// the order of a tile's second operand already (16 channels, four inputs to a 32-bit lane);
// activations are the first operand as they lie in memory.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tile_config.h"
#include "kernels/avx512/gemm_vectors.h"
#include "kernels/generic/gemm_tile-inl.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kSegmentInputs = 2048;  // a panel's depth: 32 KiB per group
constexpr size_t kPanelGroups = 2;       // share the gathering of rows
constexpr size_t kPanelTiles = 8;        // share the unpacking of a panel
constexpr size_t kRoundBlocks = 4;       // tile multiplications in flight

// Tiles 0..3 are sums, 4 and 6 inputs [row][input], 5 and 7 codes [input / 4][channel][4].
template <size_t kBlockInputs>
constexpr TileConfig MakeTileConfig() {
  TileConfig config;
  for (size_t tile = 0; tile < 8; ++tile) {
    const bool is_inputs = tile == 4 || tile == 6;
    const bool is_codes = tile == 5 || tile == 7;
    config.row_bytes[tile] = is_inputs ? kBlockInputs : 64;
    config.rows[tile] = is_codes ? kBlockInputs / 4 : kTileRows;
  }
  return config;
}
template <size_t kBlockInputs>
constexpr TileConfig kTileConfig = MakeTileConfig<kBlockInputs>();

// What the folding needs of the rows of a tile, for a segment of K.
template <size_t kBlockInputs>
struct RowTile {
  float scales[kTileRows][kSegmentInputs / kBlockK];
  float terms[kTileRows][kSegmentInputs / kBlockInputs];  // scale * float(sum of a block's codes)
};

struct Panel {
  alignas(64) int8_t codes[kPanelGroups][kSegmentInputs * kGroupChannels];
  alignas(64) float acc[kPanelTiles][kPanelGroups][kTileRows][kGroupChannels];
};

// Codes of num_blocks blocks of one group, less the zero point, as [block][input / 4][channel][4].
template <CodeBits kBits, size_t kBlockInputs>
ROWMILL_NOINLINE void UnpackGroup(const std::byte* block, size_t num_blocks,
                                  const FormatShape& shape, int8_t* codes) {
  // 128 wraps around to -128, which is what turns bytes of that zero point into signed ones.
  const __m512i zero_point = _mm512_set1_epi8(static_cast<char>(shape.zero_point));
  for (size_t b = 0; b < num_blocks; ++b, block += shape.block_bytes) {
    if constexpr (kBits == CodeBits::k4) {
#pragma GCC unroll 4
      for (size_t i = 0; i < kBlockInputs; i += 8, codes += 128) {
        const CodeVector both = LoadCodes(block + 8 * i);
        _mm512_store_si512(codes, _mm512_sub_epi8(LowNibbles(both), zero_point));
        _mm512_store_si512(codes + 64, _mm512_sub_epi8(HighNibbles(both), zero_point));
      }
    } else {
#pragma GCC unroll 8
      for (size_t i = 0; i < kBlockInputs; i += 4, codes += 64) {
        _mm512_store_si512(codes, _mm512_sub_epi8(LoadCodes(block + 16 * i), zero_point));
      }
    }
  }
}

// The terms of up to 16 blocks of 32 inputs, of which the scales are given.
template <size_t kBlockInputs>
ROWMILL_INLINE void StoreTerms(const int16_t* sums, size_t num_blocks, F32x16 scales,
                               float* terms) {
  const auto load = [sums, num_blocks](size_t half) {
    const size_t begin = 16 * half;  // of the 2 * num_blocks sums of 16 codes
    const size_t left = 2 * num_blocks > begin ? 2 * num_blocks - begin : 0;
    const auto lanes = static_cast<__mmask16>((1u << Smaller(left, 16)) - 1);
    return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, sums + begin));
  };
  const __m512i low = load(0), high = load(1);
  if constexpr (kBlockInputs == kBlockK) {
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_permutex2var_epi32(low, even, high),
                                         _mm512_permutex2var_epi32(low, odd, high));
    StoreF32(terms, Mul(scales, _mm512_cvtepi32_ps(sum)));
  } else {
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i later = _mm512_add_epi32(twice, _mm512_set1_epi32(8));
    StoreF32(terms, Mul(_mm512_permutexvar_ps(twice, scales), _mm512_cvtepi32_ps(low)));
    StoreF32(terms + 16, Mul(_mm512_permutexvar_ps(later, scales), _mm512_cvtepi32_ps(high)));
  }
}

// Blocks [first_block, + num_blocks) of 32 inputs of the 16 rows from first_row on.
template <HasMinimum kMin, size_t kBlockInputs>
ROWMILL_NOINLINE void GatherRows(const QuantizedRows& rows, size_t first_row, size_t blocks_per_row,
                                 size_t first_block, size_t num_blocks,
                                 RowTile<kBlockInputs>& tile) {
  for (size_t r = 0; r < kTileRows; ++r) {
    const size_t begin = (first_row + r) * blocks_per_row + first_block;
    for (size_t b = 0; b < num_blocks; b += 16) {
      const size_t count = Smaller(16, num_blocks - b);
      const F32x16 scales = LoadFirstF32(rows.scales + begin + b, count);
      StoreF32(tile.scales[r] + b, scales);
      if constexpr (kMin == HasMinimum::kYes) {
        StoreTerms<kBlockInputs>(rows.sums + 2 * (begin + b), count, scales,
                                 tile.terms[r] + b * (kBlockK / kBlockInputs));
      }
    }
  }
}

// Folds the exact sums of block b into the accumulators of 16 rows by 16 channels.
template <HasMinimum kMin, size_t kBlockInputs>
ROWMILL_INLINE void FoldSums(const int32_t (*sums)[kGroupChannels],
                             const RowTile<kBlockInputs>& tile, size_t b, const FormatShape& shape,
                             const std::byte* block, F32x16* acc) {
  const std::byte* scales = block + shape.code_bytes;
  const FloatVector scale = LoadScales(scales, 0, shape.scale_type);
  FloatVector minimum = scale;
  if constexpr (kMin == HasMinimum::kYes) {
    minimum = LoadScales(scales + shape.scale_bytes, 0, shape.scale_type);
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) {
    const F32x16 dot = _mm512_cvtepi32_ps(_mm512_load_si512(sums[r]));
    const F32x16 product = Mul(SetF32(tile.scales[r][b * kBlockInputs / kBlockK]), scale);
    acc[r] = Fma(dot, product, acc[r]);
    if constexpr (kMin == HasMinimum::kYes) {
      acc[r] = Fma(minimum, SetF32(tile.terms[r][b]), acc[r]);
    }
  }
}

// The exact sums of one block: 16 rows whose inputs lie `stride` bytes apart by 16 channels.
template <size_t kBlockInputs, int kSum, int kInputs, int kCodes>
ROWMILL_INLINE void MultiplyBlock(const int8_t* inputs, size_t stride, const int8_t* codes,
                                  size_t b) {
  ClearTile<kSum>();
  LoadTile<kInputs>(inputs + b * kBlockInputs, stride);
  LoadTile<kCodes>(codes + b * kBlockInputs * kGroupChannels, 64);
  AddProducts<kSum, kInputs, kCodes>();
}

// Folds num_blocks blocks of a group into the accumulators of 16 rows.
template <HasMinimum kMin, size_t kBlockInputs>
ROWMILL_NOINLINE void FoldRows(const RowTile<kBlockInputs>& tile, const int8_t* inputs,
                               size_t stride, size_t num_blocks, const FormatShape& shape,
                               const std::byte* block, const int8_t* codes,
                               float (*acc)[kGroupChannels]) {
  alignas(64) int32_t sums[kRoundBlocks][kTileRows][kGroupChannels];
  F32x16 totals[kTileRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) totals[r] = LoadF32(acc[r]);
  size_t b = 0;
  // Four multiplications are under way before the first is folded, and the tiles of the next round
  // do not wait for the folding of this one.
  for (; b + kRoundBlocks <= num_blocks; b += kRoundBlocks) {
    MultiplyBlock<kBlockInputs, 0, 4, 5>(inputs, stride, codes, b);
    MultiplyBlock<kBlockInputs, 1, 6, 7>(inputs, stride, codes, b + 1);
    MultiplyBlock<kBlockInputs, 2, 4, 5>(inputs, stride, codes, b + 2);
    MultiplyBlock<kBlockInputs, 3, 6, 7>(inputs, stride, codes, b + 3);
    StoreTile<0>(sums[0], 64);
    StoreTile<1>(sums[1], 64);
    StoreTile<2>(sums[2], 64);
    StoreTile<3>(sums[3], 64);
    for (size_t i = 0; i < kRoundBlocks; ++i, block += shape.block_bytes) {
      FoldSums<kMin, kBlockInputs>(sums[i], tile, b + i, shape, block, totals);
    }
  }
  for (; b < num_blocks; ++b, block += shape.block_bytes) {
    MultiplyBlock<kBlockInputs, 0, 4, 5>(inputs, stride, codes, b);
    StoreTile<0>(sums[0], 64);
    FoldSums<kMin, kBlockInputs>(sums[0], tile, b, shape, block, totals);
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) StoreF32(acc[r], totals[r]);
}

// The first row of a tile. The last tile reaches back over rows that are done already, so that all
// have 16; of these nothing is stored.
ROWMILL_INLINE size_t FirstRow(size_t tile, size_t m) {
  return Smaller(tile * kTileRows, m - kTileRows);
}

// Tiles [tile_begin, + num_tiles) of rows by groups [first_group, + num_groups).
template <CodeBits kBits, HasMinimum kMin, size_t kBlockInputs>
void MultiplyPanel(const BlockGemmArgs& args, const FormatShape& shape, size_t tile_begin,
                   size_t num_tiles, size_t first_group, size_t num_groups, Panel& panel) {
  const PackedBlocks& weights = *args.weights;
  const size_t blocks_per_row = weights.k / kBlockK;
  const size_t group_bytes = weights.k / kBlockInputs * shape.block_bytes;
  RowTile<kBlockInputs> tile;
  __builtin_memset(panel.acc, 0, sizeof(panel.acc));
  for (size_t first = 0; first < weights.k; first += kSegmentInputs) {
    const size_t num_inputs = Smaller(kSegmentInputs, weights.k - first);
    const size_t num_blocks = num_inputs / kBlockInputs;
    const std::byte* blocks =
        weights.data + first_group * group_bytes + first / kBlockInputs * shape.block_bytes;
    for (size_t g = 0; g < num_groups; ++g) {
      UnpackGroup<kBits, kBlockInputs>(blocks + g * group_bytes, num_blocks, shape, panel.codes[g]);
    }
    for (size_t t = 0; t < num_tiles; ++t) {
      const size_t row = FirstRow(tile_begin + t, args.m);
      GatherRows<kMin, kBlockInputs>(*args.rows, row, blocks_per_row, first / kBlockK,
                                     num_inputs / kBlockK, tile);
      for (size_t g = 0; g < num_groups; ++g) {
        FoldRows<kMin, kBlockInputs>(tile, args.rows->codes + row * weights.k + first, weights.k,
                                     num_blocks, shape, blocks + g * group_bytes, panel.codes[g],
                                     panel.acc[t][g]);
      }
    }
  }
  for (size_t t = 0; t < num_tiles; ++t) {
    const size_t row = FirstRow(tile_begin + t, args.m);
    for (size_t g = 0; g < num_groups; ++g) {
      const size_t channel = (first_group + g) * kGroupChannels;
      const size_t num_channels = Smaller(kGroupChannels, weights.n - channel);
      for (size_t r = (tile_begin + t) * kTileRows - row; r < kTileRows; ++r) {
        StoreChannels(args.y + (row + r) * args.ldy + channel, num_channels,
                      LoadF32(panel.acc[t][g][r]), args.store);
      }
    }
  }
}

template <CodeBits kBits, HasMinimum kMin, size_t kBlockInputs>
void MultiplyFormat(const BlockGemmArgs& args) {
  const FormatShape shape = ShapeOf(args.weights->format);
  const size_t num_tiles = (args.m + kTileRows - 1) / kTileRows;
  Panel panel;
  ConfigureTiles(kTileConfig<kBlockInputs>);
  for (size_t group = args.group_begin; group < args.group_end; group += kPanelGroups) {
    const size_t num_groups = Smaller(kPanelGroups, args.group_end - group);
    for (size_t tile = 0; tile < num_tiles; tile += kPanelTiles) {
      MultiplyPanel<kBits, kMin, kBlockInputs>(
          args, shape, tile, Smaller(kPanelTiles, num_tiles - tile), group, num_groups, panel);
    }
  }
  ReleaseTiles();
}

template <CodeBits kBits>
void MultiplyBits(const BlockGemmArgs& args) {
  const BlockFormat& format = args.weights->format;
  const bool has_minimum = format.has_minimum == HasMinimum::kYes;
  if (format.block_k == kBlockK) {
    return has_minimum ? MultiplyFormat<kBits, HasMinimum::kYes, kBlockK>(args)
                       : MultiplyFormat<kBits, HasMinimum::kNo, kBlockK>(args);
  }
  return has_minimum ? MultiplyFormat<kBits, HasMinimum::kYes, 16>(args)
                     : MultiplyFormat<kBits, HasMinimum::kNo, 16>(args);
}

// At least kTileRows rows.
inline void MultiplyOnTiles(const BlockGemmArgs& args) {
  if (args.weights->format.code_bits == CodeBits::k4) return MultiplyBits<CodeBits::k4>(args);
  MultiplyBits<CodeBits::k8>(args);
}

}  // namespace
}  // namespace rowmill::kernels
