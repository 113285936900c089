// Attention over F32x16. For scores a lane is a key, for the sum of values it is a dimension;
// several query rows share every vector of keys and values, which is what makes it a matrix
// product.
//
// Rows of a tile may see different keys. Scores are computed for all 32 keys of a block and for all
// rows, since lanes that are not visible cost nothing and are never read. Values are folded in up
// to three steps: the keys that all rows of the tile see, together; before and after them, the few
// that only some rows see, row by row. Each row meets its keys in ascending order whatever its
// tile.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/exp-inl.h"
#include "kernels/generic/gemm_kinds.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

struct KeyRange {
  size_t begin, end;  // within a block

  ROWMILL_INLINE bool empty() const { return begin >= end; }
};

ROWMILL_INLINE size_t Least(size_t a, size_t b) { return a < b ? a : b; }
ROWMILL_INLINE size_t Greatest(size_t a, size_t b) { return a > b ? a : b; }

// The keys of the block at position `first` that a row sees.
ROWMILL_INLINE KeyRange VisibleInBlock(const AttendArgs& args, size_t row, size_t first) {
  const size_t begin = Greatest(args.visible_begin[row], first);
  const size_t end = Least(args.visible_end[row], first + kKeyBlock);
  return begin < end ? KeyRange{begin - first, end - first} : KeyRange{0, 0};
}

template <size_t kRows>
struct AttendTile {
  const float* queries[kRows];
  float* states[kRows];
  KeyRange visible[kRows];
  KeyRange any_visible;             // from the first to the last key that some row sees
  float weights[kRows][kKeyBlock];  // scores, then p_j; only those of visible keys are used
};

// Vectors of keys and of dimensions at a time: as many sums as registers allow. Few rows by one
// vector would be too few chains of additions to hide their latency (three rows by one vector: four
// cycles for three additions), and would walk over the block several times in pieces of half a
// cache line.
template <size_t kRows>
constexpr size_t kVectorsAtATime = kRows * kFewRowVectors <= kAttendRows            ? kFewRowVectors
                                   : kFewRowVectors > 2 && 2 * kRows <= kAttendRows ? 2
                                                                                    : 1;
// A block has two vectors of keys.
template <size_t kRows>
constexpr size_t kScoreVectors = kVectorsAtATime<kRows> > 1 ? 2 : 1;
template <size_t kRows>
constexpr size_t kValueVectors = kVectorsAtATime<kRows>;

// weights[r][j] = q_r . k_j, in the vectors of keys of which some row sees one.
template <size_t kRows>
ROWMILL_INLINE void ScoreBlock(AttendTile<kRows>& tile, const uint16_t* keys, size_t head_dim) {
  constexpr size_t kStep = 16 * kScoreVectors<kRows>;
  for (size_t first = tile.any_visible.begin / kStep * kStep; first < tile.any_visible.end;
       first += kStep) {
    F32x16 scores[kRows][kScoreVectors<kRows>];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (size_t v = 0; v < kScoreVectors<kRows>; ++v) scores[r][v] = ZeroF32();
    }
    for (size_t i = 0; i < head_dim; ++i) {
      F32x16 k[kScoreVectors<kRows>];
#pragma GCC unroll 4
      for (size_t v = 0; v < kScoreVectors<kRows>; ++v) {
        k[v] = LoadF16(keys + i * kKeyBlock + first + 16 * v);
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        const F32x16 q = SetF32(tile.queries[r][i]);
#pragma GCC unroll 4
        for (size_t v = 0; v < kScoreVectors<kRows>; ++v) scores[r][v] = Fma(q, k[v], scores[r][v]);
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (size_t v = 0; v < kScoreVectors<kRows>; ++v) {
        StoreF32(tile.weights[r] + first + 16 * v, scores[r][v]);
      }
    }
  }
}

// Turns a row's scores into p_j, having brought its maximum, sum and out up to date.
ROWMILL_INLINE void WeighRow(float* weights, KeyRange visible, float* state, size_t head_dim) {
  float* sum = state + head_dim;
  float* max = sum + 16;
  F32x16 low = LoadF32(weights);
  F32x16 high = LoadF32(weights + 16);
  const bool all = visible.begin == 0 && visible.end == kKeyBlock;
  const size_t low_begin = Least(visible.begin, 16), low_end = Least(visible.end, 16);
  const size_t high_begin = Greatest(visible.begin, 16) - 16;
  const size_t high_end = Greatest(visible.end, 16) - 16;
  const F32x16 nothing = SetF32(-__builtin_inff());
  if (!all) {
    low = SelectRange(low, low_begin, low_end, nothing);
    high = SelectRange(high, high_begin, high_end, nothing);
  }
  // Max gives its second operand where the first is NaN, so NaN scores are passed over.
  const float block_max = MaxLane(Max(high, Max(low, nothing))) + 0.0f;
  F32x16 sums = LoadF32(sum);
  if (block_max > *max) {
    const F32x16 c = Exp(SetF32(*max - block_max));
    for (size_t i = 0; i < head_dim; i += 16) StoreF32(state + i, Mul(LoadF32(state + i), c));
    sums = Mul(sums, c);
    *max = block_max;
  }
  const F32x16 maximum = SetF32(*max);
  low = Exp(Sub(low, maximum));
  high = Exp(Sub(high, maximum));
  if (!all) {
    // Partial sums are never -0, so adding +0 changes nothing.
    low = SelectRange(low, low_begin, low_end, ZeroF32());
    high = SelectRange(high, high_begin, high_end, ZeroF32());
  }
  StoreF32(sum, Add(Add(sums, low), high));
  StoreF32(weights, low);
  StoreF32(weights + 16, high);
}

// out[i..] += p_j * v_j[i..] for 16 * kVectors dimensions.
template <size_t kRows, size_t kVectors>
ROWMILL_INLINE void FoldDimensions(AttendTile<kRows>& tile, const uint16_t* values, size_t head_dim,
                                   KeyRange range, size_t i) {
  F32x16 out[kRows][kVectors];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) out[r][v] = LoadF32(tile.states[r] + i + 16 * v);
  }
  for (size_t j = range.begin; j < range.end; ++j) {
    F32x16 value[kVectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) value[v] = LoadF16(values + j * head_dim + i + 16 * v);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      const F32x16 p = SetF32(tile.weights[r][j]);
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) out[r][v] = Fma(p, value[v], out[r][v]);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    if (tile.visible[r].empty()) continue;
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) StoreF32(tile.states[r] + i + 16 * v, out[r][v]);
  }
}

// out += p_j * v_j for the keys of `range`, in order, for kRows rows and all dimensions. Rows that
// see nothing of this block go through the motions, and what comes out of them is not stored.
template <size_t kRows>
ROWMILL_INLINE void FoldValues(AttendTile<kRows>& tile, const uint16_t* values, size_t head_dim,
                               KeyRange range) {
  size_t i = 0;
  for (; i + 16 * kValueVectors<kRows> <= head_dim; i += 16 * kValueVectors<kRows>) {
    FoldDimensions<kRows, kValueVectors<kRows>>(tile, values, head_dim, range, i);
  }
  for (; i < head_dim; i += 16) FoldDimensions<kRows, 1>(tile, values, head_dim, range, i);
}

// The same for one row.
inline void FoldRowValues(float* state, const float* weights, const uint16_t* values,
                          size_t head_dim, KeyRange range) {
  if (range.empty()) return;
  for (size_t i = 0; i < head_dim; i += 16) {
    F32x16 out = LoadF32(state + i);
    for (size_t j = range.begin; j < range.end; ++j) {
      out = Fma(SetF32(weights[j]), LoadF16(values + j * head_dim + i), out);
    }
    StoreF32(state + i, out);
  }
}

template <size_t kRows>
inline void FoldBlock(AttendTile<kRows>& tile, const uint16_t* keys, const uint16_t* values,
                      size_t head_dim) {
  ScoreBlock<kRows>(tile, keys, head_dim);
  KeyRange common = {0, kKeyBlock};
  for (size_t r = 0; r < kRows; ++r) {
    const KeyRange visible = tile.visible[r];
    if (visible.empty()) continue;
    WeighRow(tile.weights[r], visible, tile.states[r], head_dim);
    common.begin = Greatest(common.begin, visible.begin);
    common.end = Least(common.end, visible.end);
  }
  if (common.empty()) {
    for (size_t r = 0; r < kRows; ++r) {
      FoldRowValues(tile.states[r], tile.weights[r], values, head_dim, tile.visible[r]);
    }
    return;
  }
  for (size_t r = 0; r < kRows; ++r) {
    if (tile.visible[r].empty()) continue;
    FoldRowValues(tile.states[r], tile.weights[r], values, head_dim,
                  {tile.visible[r].begin, common.begin});
  }
  FoldValues<kRows>(tile, values, head_dim, common);
  for (size_t r = 0; r < kRows; ++r) {
    if (tile.visible[r].empty()) continue;
    FoldRowValues(tile.states[r], tile.weights[r], values, head_dim,
                  {common.end, tile.visible[r].end});
  }
}

template <size_t kRows>
inline void AttendRows(const AttendArgs& args, size_t row_begin) {
  AttendTile<kRows> tile;
  __builtin_memset(tile.weights, 0, sizeof(tile.weights));  // Loaded, and then left out.
  size_t begin = SIZE_MAX, end = 0;                         // keys that some row sees
  for (size_t r = 0; r < kRows; ++r) {
    tile.queries[r] = args.queries[row_begin + r];
    tile.states[r] = args.states[row_begin + r];
    begin = Least(begin, args.visible_begin[row_begin + r]);
    end = Greatest(end, args.visible_end[row_begin + r]);
  }
  const size_t block_end = Least(args.num_blocks, (end + kKeyBlock - 1) / kKeyBlock);
  for (size_t block = begin / kKeyBlock; block < block_end; ++block) {
    tile.any_visible = {kKeyBlock, 0};
    for (size_t r = 0; r < kRows; ++r) {
      const KeyRange visible = VisibleInBlock(args, row_begin + r, block * kKeyBlock);
      tile.visible[r] = visible;
      if (visible.empty()) continue;
      tile.any_visible.begin = Least(tile.any_visible.begin, visible.begin);
      tile.any_visible.end = Greatest(tile.any_visible.end, visible.end);
    }
    if (tile.any_visible.empty()) continue;
    const size_t offset = block * kKeyBlock * args.head_dim;
    FoldBlock<kRows>(tile, args.keys + offset, args.values + offset, args.head_dim);
  }
}

inline void AttendAll(const AttendArgs& args) {
  size_t row = 0;
  const auto take = [&]<size_t kRows>(RowCount<kRows>) {
    if constexpr (kRows <= kAttendRows) {
      for (; args.num_rows - row >= kRows; row += kRows) AttendRows<kRows>(args, row);
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

inline void FinishAll(const float* const* states, float* const* y, size_t num_rows,
                      size_t head_dim) {
  for (size_t row = 0; row < num_rows; ++row) {
    const F32x16 sum = SetF32(Tree(LoadF32(states[row] + head_dim)));
    for (size_t i = 0; i < head_dim; i += 16) {
      StoreF32(y[row] + i, Div(LoadF32(states[row] + i), sum));
    }
  }
}

inline void StoreKeyAndValue(const float* key, const float* value, size_t head_dim, size_t slot,
                             uint16_t* key_block, uint16_t* value_block) {
  for (size_t i = 0; i < head_dim; i += 16) {
    StoreF16(value_block + slot * head_dim + i, LoadF32(value + i));
    uint16_t halves[16];
    StoreF16(halves, LoadF32(key + i));
    for (size_t j = 0; j < 16; ++j) key_block[(i + j) * kKeyBlock + slot] = halves[j];
  }
}

}  // namespace
}  // namespace rowmill::kernels
