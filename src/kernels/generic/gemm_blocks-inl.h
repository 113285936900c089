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

// What one row contributes to a block beside its codes, gathered per tile so that the inner loop
// walks one array: the scale, then per packed block the term that goes with the sum of the codes.
// For formats with minima the term is s * float(sum); otherwise it is the integer -zero_point *
// sum.
union Term {
  float real;
  int32_t integer;
};

constexpr size_t kMaxTerms = 24576;  // 96 KiB of stack
constexpr size_t kChunkBytes =
    256 * 1024;  // of weights: a quarter of the L2 of the smallest server core

template <HasMinimum kMin>
ROWMILL_INLINE int32_t Correction(const Term& term) {
  return kMin == HasMinimum::kYes ? 0 : term.integer;
}

struct FormatShape {
  size_t block_bytes;
  size_t code_bytes;
  size_t scale_bytes;  // of the 16 scales
  bool scales_are_f16;
  size_t halves;  // packed blocks per 32 inputs
  int zero_point;
};

struct Tile {
  const int8_t* codes;  // the first row's
  size_t k;             // distance between rows
  size_t num_blocks;    // of 32 inputs
  const Term* terms;    // [num_blocks][1 + halves][rows of the tile]
};

inline FormatShape ShapeOf(const BlockFormat& format) {
  FormatShape shape;
  shape.scales_are_f16 = format.scale_type == ScaleType::kF16;
  shape.scale_bytes = kGroupChannels * (shape.scales_are_f16 ? 2 : 4);
  shape.code_bytes = kGroupChannels * format.block_k * static_cast<size_t>(format.code_bits) / 8;
  shape.block_bytes =
      shape.code_bytes + shape.scale_bytes * (format.has_minimum == HasMinimum::kYes ? 2 : 1);
  shape.halves = kBlockK / format.block_k;
  shape.zero_point = format.zero_point;
  return shape;
}

template <HasMinimum kMin, size_t kHalves>
void GatherTerms(const QuantizedRows& rows, size_t row_begin, size_t num_rows,
                 size_t blocks_per_row, size_t block_begin, size_t num_blocks, int zero_point,
                 Term* terms) {
  for (size_t r = 0; r < num_rows; ++r) {
    const size_t first = (row_begin + r) * blocks_per_row + block_begin;
    Term* to = terms + r;
    for (size_t b = first; b < first + num_blocks; ++b) {
      const float scale = rows.scales[b];
      to->real = scale;
      to += num_rows;
      for (size_t half = 0; half < kHalves; ++half) {
        const int16_t* sums = rows.sums + 2 * b + half;
        const int sum = kHalves == 2 ? sums[0] : sums[0] + sums[1];
        if constexpr (kMin == HasMinimum::kYes) {
          to->real = scale * static_cast<float>(sum);
        } else {
          to->integer = -zero_point * sum;
        }
        to += num_rows;
      }
    }
  }
}

// Folds the tile's blocks into acc[r][16]: a half of the group's channels from lane `lane` on.
template <CodeKind kKind, HasMinimum kMin, size_t kHalves, size_t kRows>
void FoldTile(const Tile& tile, const FormatShape& shape, const std::byte* group, size_t lane,
              float (*acc)[kGroupChannels]) {
  constexpr size_t kBits = kKind == CodeKind::kNibbles ? 4 : 8;
  constexpr size_t kPairs = kBlockK / kHalves / 8;  // steps of 8 inputs in a packed block
  FloatVector sums[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) sums[r] = LoadFloats(acc[r] + lane);
  const std::byte* block = group;
  const Term* terms = tile.terms;
  const int8_t* inputs = tile.codes;
  for (size_t b = 0; b < tile.num_blocks; ++b) {
    for (size_t half = 0; half < kHalves; ++half) {
      const std::byte* codes = block + 4 * lane;
      if constexpr (kRows <= 4) PrefetchStream<kBits * 64 / kHalves>(block);
      const Term* half_terms = terms + (1 + half) * kRows;
      typename Dot<kKind>::Type dots[kRows];
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        dots[r] = Dot<kKind>::Start(Correction<kMin>(half_terms[r]));
      }
#pragma GCC unroll 4
      for (size_t pair = 0; pair < kPairs; ++pair) {
        CodeVector first, second;
        if constexpr (kBits == 4) {
          const CodeVector both = LoadCodes(codes + 64 * pair);
          first = LowNibbles(both);
          second = HighNibbles(both);
        } else {
          first = LoadCodes(codes + 128 * pair);
          second = LoadCodes(codes + 128 * pair + 64);
        }
#pragma GCC unroll 16
        for (size_t r = 0; r < kRows; ++r) {
          const int8_t* row = inputs + r * tile.k + 8 * pair;
          dots[r] = Dot<kKind>::Step(dots[r], first, BroadcastInputs(row), second,
                                     BroadcastInputs(row + 4));
        }
      }
      const std::byte* scales = block + shape.code_bytes;
      const FloatVector scale = LoadScales(scales, lane, shape.scales_are_f16);
      FloatVector minimum = scale;
      if constexpr (kMin == HasMinimum::kYes) {
        minimum = LoadScales(scales + shape.scale_bytes, lane, shape.scales_are_f16);
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        const FloatVector product = MulFloats(SetFloats(terms[r].real), scale);
        const FloatVector dot = Dot<kKind>::Finish(dots[r], Correction<kMin>(half_terms[r]));
        sums[r] = FmaFloats(dot, product, sums[r]);
        if constexpr (kMin == HasMinimum::kYes) {
          sums[r] = FmaFloats(minimum, SetFloats(half_terms[r].real), sums[r]);
        }
      }
      block += shape.block_bytes;
      inputs += kBlockK / kHalves;
    }
    terms += (1 + kHalves) * kRows;
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) StoreFloats(acc[r] + lane, sums[r]);
}

inline void StoreTile(const float (*acc)[kGroupChannels], size_t num_rows, size_t num_channels,
                      Store store, float* y, size_t ldy) {
  for (size_t r = 0; r < num_rows; ++r) {
    for (size_t lane = 0; lane < num_channels; lane += kLanes) {
      const size_t left = num_channels - lane;
      const size_t n = left < kLanes ? left : kLanes;
      StoreChannels(y + r * ldy + lane, n, LoadFloats(acc[r] + lane), store);
    }
  }
}

// One tile of kRows rows against the groups [group_begin, group_end).
template <CodeKind kKind, HasMinimum kMin, size_t kHalves, size_t kRows>
void MultiplyTile(const BlockGemmArgs& args, const FormatShape& shape, size_t row_begin,
                  size_t group_begin, size_t group_end) {
  constexpr size_t kTermsPerBlock = (1 + kHalves) * kRows;
  constexpr size_t kSegment = kMaxTerms / kTermsPerBlock;
  const PackedBlocks& weights = *args.weights;
  const size_t blocks_per_row = weights.k / kBlockK;
  const size_t group_bytes = blocks_per_row * kHalves * shape.block_bytes;
  Term terms[kMaxTerms];
  const auto gather = [&](size_t begin, size_t count) {
    GatherTerms<kMin, kHalves>(*args.rows, row_begin, kRows, blocks_per_row, begin, count,
                               shape.zero_point, terms);
  };
  // One gathering serves all groups unless K is larger than the array.
  const bool in_one_piece = blocks_per_row <= kSegment;
  if (in_one_piece) gather(0, blocks_per_row);
  for (size_t group = group_begin; group < group_end; ++group) {
    float acc[kRows][kGroupChannels] = {};
    for (size_t begin = 0; begin < blocks_per_row; begin += kSegment) {
      const size_t left = blocks_per_row - begin;
      const size_t count = left < kSegment ? left : kSegment;
      if (!in_one_piece) gather(begin, count);
      const int8_t* codes = args.rows->codes + row_begin * weights.k + begin * kBlockK;
      const Tile tile = {codes, weights.k, count, terms};
      const std::byte* data =
          weights.data + group * group_bytes + begin * kHalves * shape.block_bytes;
      for (size_t lane = 0; lane < kGroupChannels; lane += kLanes) {
        FoldTile<kKind, kMin, kHalves, kRows>(tile, shape, data, lane, acc);
      }
    }
    const size_t first = group * kGroupChannels;
    const size_t left = weights.n - first;
    StoreTile(acc, kRows, left < kGroupChannels ? left : kGroupChannels, args.store,
              args.y + row_begin * args.ldy + first, args.ldy);
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
  if (groups_per_chunk == 0) groups_per_chunk = 1;
  for (size_t begin = args.group_begin; begin < args.group_end; begin += groups_per_chunk) {
    const size_t left = args.group_end - begin;
    const size_t count = left < groups_per_chunk ? left : groups_per_chunk;
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
