// Y = X * W^T for weights in packed blocks and 8-bit activations, as a tile of rows by one group of
// channels. Shared by all instruction sets; the including source brings
//
//   FloatVector   kLanes floats
//   kLanes        16, or 8 or 4 where a group takes several passes
//   kMaxTileRows  the most rows a tile may have, by the number of registers
//   LoadFloats, StoreChannels
//   FoldTile      the product of a tile and a group: fold_tile-inl.h, or one of its own
//
// Order of loops. Weights outer, rows inner: a chunk of groups that fits L2 meets all rows, tile by
// tile, so that weights come from memory once per call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/gemm_tile-inl.h"

namespace rowmill::kernels {
namespace {

constexpr size_t kSegmentBlocks = 128;      // 4096 inputs: 60 KiB of stack for 12 rows
constexpr size_t kGroupsPerGather = 8;      // where K is longer than a segment
constexpr size_t kChunkBytes = 256 * 1024;  // of weights: a quarter of a server core's L2

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
