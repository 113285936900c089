// Attention over keys that are all at hand, over F32x16. For scores a lane is a key, for the sum of
// values it is a dimension; a tile of query rows shares every vector of keys and values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/exp-inl.h"
#include "kernels/generic/gemm_kinds.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

// weights[r][j] = q_r . k_j for 16 keys.
template <size_t kRows>
ROWMILL_INLINE void ScoreKeys(const float* queries, size_t ldq, const float* keys, size_t head_dim,
                              float* weights, size_t ldw) {
  F32x16 scores[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) scores[r] = ZeroF32();
  for (size_t i = 0; i < head_dim; ++i) {
    const F32x16 k = LoadF32(keys + i * 16);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) scores[r] = Fma(SetF32(queries[r * ldq + i]), k, scores[r]);
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) StoreF32(weights + r * ldw, scores[r]);
}

ROWMILL_INLINE void AddBiasToScores(float* weights, const float* bias, size_t num_keys) {
  const size_t whole = num_keys / 16 * 16;
  const size_t left = num_keys - whole;
  for (size_t j = 0; j < whole; j += 16) {
    StoreF32(weights + j, Add(LoadF32(weights + j), LoadF32(bias + j)));
  }
  if (left > 0) {
    StoreFirstF32(weights + whole, left,
                  Add(LoadFirstF32(weights + whole, left), LoadFirstF32(bias + whole, left)));
  }
}

// Turns a row's scores into p_j; returns their sum.
ROWMILL_INLINE float WeighRow(float* weights, size_t num_keys) {
  const size_t whole = num_keys / 16 * 16;
  const size_t left = num_keys - whole;
  const F32x16 nothing = SetF32(-__builtin_inff());
  F32x16 largest = nothing;
  for (size_t j = 0; j < whole; j += 16) largest = Max(LoadF32(weights + j), largest);
  if (left > 0) {
    largest = Max(SelectRange(LoadF32(weights + whole), 0, left, nothing), largest);
  }
  const F32x16 maximum = SetF32(MaxLane(largest) + 0.0f);
  F32x16 sums = ZeroF32();
  for (size_t j = 0; j < whole; j += 16) {
    const F32x16 p = Exp(Sub(LoadF32(weights + j), maximum));
    StoreF32(weights + j, p);
    sums = Add(sums, p);
  }
  if (left > 0) {
    // Partial sums are never -0, so adding +0 changes nothing.
    const F32x16 p = SelectRange(Exp(Sub(LoadF32(weights + whole), maximum)), 0, left, ZeroF32());
    StoreF32(weights + whole, p);
    sums = Add(sums, p);
  }
  return Tree(sums);
}

// y[r] = (sum over j of p_j * v_j) / sum_r for 16 dimensions.
template <size_t kRows>
ROWMILL_INLINE void SumValues(const AttendWholeArgs& args, const float* weights, size_t ldw,
                              const float* sums, float* y, size_t dim) {
  F32x16 out[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) out[r] = ZeroF32();
  for (size_t j = 0; j < args.num_keys; ++j) {
    const F32x16 v = LoadF32(args.values + j * args.ldv + dim);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) out[r] = Fma(SetF32(weights[r * ldw + j]), v, out[r]);
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) StoreF32(y + r * args.ldy + dim, Div(out[r], SetF32(sums[r])));
}

template <size_t kRows>
inline void AttendWholeRows(const AttendWholeArgs& args, size_t row) {
  const size_t ldw = (args.num_keys + 15) / 16 * 16;
  const float* queries = args.queries + row * args.ldq;
  for (size_t j = 0; j < args.num_keys; j += 16) {
    ScoreKeys<kRows>(queries, args.ldq, args.keys + j * args.head_dim, args.head_dim,
                     args.weights + j, ldw);
  }
  if (args.bias != nullptr) {
    const float* bias = args.bias + static_cast<ptrdiff_t>(row) * args.bias_stride;
    for (size_t r = 0; r < kRows; ++r, bias += args.bias_stride) {
      AddBiasToScores(args.weights + r * ldw, bias, args.num_keys);
    }
  }
  float sums[kRows];
  for (size_t r = 0; r < kRows; ++r) sums[r] = WeighRow(args.weights + r * ldw, args.num_keys);
  for (size_t dim = 0; dim < args.head_dim; dim += 16) {
    SumValues<kRows>(args, args.weights, ldw, sums, args.y + row * args.ldy, dim);
  }
}

inline void WeighRows(float* scores, size_t ld, size_t num_rows, size_t num_keys, float* sums) {
  for (size_t row = 0; row < num_rows; ++row) sums[row] = WeighRow(scores + row * ld, num_keys);
}

inline void AttendWholeAll(const AttendWholeArgs& args) {
  size_t row = 0;
  const auto take = [&]<size_t kRows>(RowCount<kRows>) {
    if constexpr (kRows <= kAttendRows) {
      for (; args.num_rows - row >= kRows; row += kRows) AttendWholeRows<kRows>(args, row);
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

}  // namespace
}  // namespace rowmill::kernels
