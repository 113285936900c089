// Y = X * W^T for weights in packed blocks and 8-bit activations, as a tile of rows by one group of
// channels. Shared by all x86 instruction sets; the including source brings
//
//   CodeVector    a register of codes: kLanes 32-bit lanes, a channel each, of 4 inputs
//   FloatVector   kLanes floats
//   kLanes        16, or 8 where a group takes two passes
//   kMaxTileRows  the most rows a tile may have, by the number of registers
//   LoadCodes, LowNibbles, HighNibbles, BroadcastInputs (4 inputs to every lane)
//   LoadScales (kLanes scales of either type), the FloatVector arithmetic used below
//   Dot<kind>     an exact sum of products: Type, Start, Step (two vectors), Finish to FloatVector;
//                 Start and Finish both get the zero point's correction, and one of them adds it
//   StoreChannels, PrefetchStream
//
// Order of loops. Weights outer, rows inner: a chunk of groups that fits L2 meets all rows, tile by
// tile, so that weights come from memory once per call. Within a tile and a group, codes of four
// inputs meet all rows of the tile before the next four: the weights are unpacked once per tile and
// the rows' sums are independent chains.
#pragma once

#include <cstddef>
#include <cstdint>

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

constexpr size_t kSegmentBlocks = 128;      // 4096 inputs: 60 KiB of stack for 12 rows
constexpr size_t kGroupsPerGather = 8;      // where K is longer than a segment
constexpr size_t kChunkBytes = 256 * 1024;  // of weights: a quarter of a server core's L2

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
      if constexpr (kRows <= 4) PrefetchStream<kBits * 2 * kHalfInputs>(block);
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

inline void StoreTile(const float (*acc)[kGroupChannels], size_t num_rows, size_t num_channels,
                      Store store, float* y, size_t ldy) {
  for (size_t r = 0; r < num_rows; ++r) {
    for (size_t lane = 0; lane < num_channels; lane += kLanes) {
      StoreChannels(y + r * ldy + lane, Smaller(kLanes, num_channels - lane),
                    LoadFloats(acc[r] + lane), store);
    }
  }
}

// One tile of kRows rows against the groups [group_begin, group_end).
template <CodeKind kKind, HasMinimum kMin, size_t kHalves, size_t kRows>
void MultiplyTile(const BlockGemmArgs& args, const FormatShape& shape, size_t row_begin,
                  size_t group_begin, size_t group_end) {
  const PackedBlocks& weights = *args.weights;
  const size_t blocks_per_row = weights.k / kBlockK;
  const size_t group_bytes = blocks_per_row * kHalves * shape.block_bytes;
  TileBlock<kRows, kHalves> tile[kSegmentBlocks];
  const auto gather = [&](size_t begin, size_t count) {
    GatherTile<kMin, kRows, kHalves>(*args.rows, row_begin * blocks_per_row + begin, blocks_per_row,
                                     count, shape.zero_point, tile);
  };
  // One gathering serves all groups unless K is longer than a segment.
  const bool in_one_piece = blocks_per_row <= kSegmentBlocks;
  if (in_one_piece) gather(0, blocks_per_row);
  for (size_t first = group_begin; first < group_end; first += kGroupsPerGather) {
    const size_t num_groups = Smaller(kGroupsPerGather, group_end - first);
    float acc[kGroupsPerGather][kRows][kGroupChannels] = {};
    for (size_t begin = 0; begin < blocks_per_row; begin += kSegmentBlocks) {
      const size_t count = Smaller(kSegmentBlocks, blocks_per_row - begin);
      if (!in_one_piece) gather(begin, count);
      for (size_t g = 0; g < num_groups; ++g) {
        const std::byte* data =
            weights.data + (first + g) * group_bytes + begin * kHalves * shape.block_bytes;
        for (size_t lane = 0; lane < kGroupChannels; lane += kLanes) {
          FoldTile<kKind, kMin, kRows, kHalves>(tile, count, shape, data, lane, acc[g]);
        }
      }
    }
    for (size_t g = 0; g < num_groups; ++g) {
      const size_t channel = (first + g) * kGroupChannels;
      StoreTile(acc[g], kRows, Smaller(kGroupChannels, weights.n - channel), args.store,
                args.y + row_begin * args.ldy + channel, args.ldy);
    }
  }
}

template <CodeKind kKind, HasMinimum kMin, size_t kHalves>
void MultiplyRows(const BlockGemmArgs& args, const FormatShape& shape, size_t group_begin,
                  size_t group_end) {
  size_t row = 0;
  // The largest tile that fits, again and again. A row's result does not depend on its tile.
  const auto take = [&]<size_t kRows>(RowCount<kRows>) {
    if constexpr (kRows <= kMaxTileRows) {
      for (; args.m - row >= kRows; row += kRows) {
        MultiplyTile<kKind, kMin, kHalves, kRows>(args, shape, row, group_begin, group_end);
      }
    }
  };
  take(RowCount<12>());
  take(RowCount<8>());
  take(RowCount<6>());
  take(RowCount<4>());
  take(RowCount<3>());
  take(RowCount<2>());
  take(RowCount<1>());
}

template <CodeKind kKind, HasMinimum kMin, size_t kHalves>
void MultiplyBlocks(const BlockGemmArgs& args) {
  const FormatShape shape = ShapeOf(args.weights->format);
  const size_t group_bytes = args.weights->k / kBlockK * kHalves * shape.block_bytes;
  size_t groups_per_chunk = group_bytes == 0 ? 1 : kChunkBytes / group_bytes;
  // Fewer would gather each tile too often; such long rows stream their weights from L3.
  if (groups_per_chunk < kGroupsPerGather) groups_per_chunk = kGroupsPerGather;
  for (size_t begin = args.group_begin; begin < args.group_end; begin += groups_per_chunk) {
    const size_t count = Smaller(groups_per_chunk, args.group_end - begin);
    MultiplyRows<kKind, kMin, kHalves>(args, shape, begin, begin + count);
  }
}

template <CodeKind kKind>
void MultiplyKind(const BlockGemmArgs& args) {
  const BlockFormat& format = args.weights->format;
  const bool has_minimum = format.has_minimum == HasMinimum::kYes;
  if (format.block_k == kBlockK) {
    return has_minimum ? MultiplyBlocks<kKind, HasMinimum::kYes, 1>(args)
                       : MultiplyBlocks<kKind, HasMinimum::kNo, 1>(args);
  }
  return has_minimum ? MultiplyBlocks<kKind, HasMinimum::kYes, 2>(args)
                     : MultiplyBlocks<kKind, HasMinimum::kNo, 2>(args);
}

inline void MultiplyAnyFormat(const BlockGemmArgs& args) {
  const BlockFormat& format = args.weights->format;
  if (format.code_bits == CodeBits::k4) return MultiplyKind<CodeKind::kNibbles>(args);
  // Q8_0 is the only format with bytes; see BlockFormat.
  if (format.zero_point == 128) return MultiplyBlocks<CodeKind::kBytes, HasMinimum::kNo, 1>(args);
  return MultiplyKind<CodeKind::kSixBits>(args);
}

}  // namespace
}  // namespace rowmill::kernels
