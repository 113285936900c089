// Y = X * W^T for float weights over F32x16: a lane is an output channel, and a tile of rows shares
// each vector of weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/gemm_kinds.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

template <FloatType kType>
ROWMILL_INLINE F32x16 LoadWeights(const std::byte* data, size_t vector) {
  if constexpr (kType == FloatType::kF32) {
    return LoadF32(reinterpret_cast<const float*>(data) + vector * 16);
  } else if constexpr (kType == FloatType::kF16) {
    return LoadF16(reinterpret_cast<const uint16_t*>(data) + vector * 16);
  } else {
    return LoadBf16(reinterpret_cast<const uint16_t*>(data) + vector * 16);
  }
}

// Inputs [0, K) of kRows rows by one group of channels.
template <FloatType kType, size_t kRows>
ROWMILL_NOINLINE void MultiplyFloatTile(const FloatGemmArgs& args, size_t row_begin, size_t group) {
  const PackedFloats& weights = *args.weights;
  constexpr size_t kElementBytes = kType == FloatType::kF32 ? 4 : 2;
  const std::byte* data = weights.data + group * weights.k * kGroupChannels * kElementBytes;
  const float* x = args.x + row_begin * args.ldx;
  F32x16 sums[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) sums[r] = ZeroF32();
  for (size_t k = 0; k < weights.k; ++k) {
    const F32x16 w = LoadWeights<kType>(data, k);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) sums[r] = Fma(SetF32(x[r * args.ldx + k]), w, sums[r]);
  }
  const size_t first = group * kGroupChannels;
  const size_t left = weights.n - first;
  const size_t num_channels = left < kGroupChannels ? left : kGroupChannels;
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    float* y = args.y + (row_begin + r) * args.ldy + first;
    if (args.store == Store::kAdd) sums[r] = Add(LoadFirstF32(y, num_channels), sums[r]);
    StoreFirstF32(y, num_channels, sums[r]);
  }
}

// As in gemm_blocks-inl.h: a chunk of groups that fits L2 meets all rows, tile by tile, and a
// tile's inputs stay in L1 over the chunk.
template <FloatType kType>
inline void MultiplyFloats(const FloatGemmArgs& args) {
  constexpr size_t kChunkFloats = 64 * 1024;
  const size_t group_floats = args.weights->k * kGroupChannels;
  size_t groups_per_chunk = group_floats == 0 ? 1 : kChunkFloats / group_floats;
  if (groups_per_chunk == 0) groups_per_chunk = 1;
  for (size_t begin = args.group_begin; begin < args.group_end; begin += groups_per_chunk) {
    const size_t left = args.group_end - begin;
    const size_t end = begin + (left < groups_per_chunk ? left : groups_per_chunk);
    size_t row = 0;
    const auto take = [&]<size_t kRows>(RowCount<kRows>) {
      if constexpr (kRows <= kFloatGemmRows) {
        for (; args.m - row >= kRows; row += kRows) {
          for (size_t group = begin; group < end; ++group) {
            MultiplyFloatTile<kType, kRows>(args, row, group);
          }
        }
      }
    };
    take(RowCount<12>());
    take(RowCount<8>());
    take(RowCount<6>());
    take(RowCount<4>());
    take(RowCount<2>());
    take(RowCount<1>());
  }
}

inline void MultiplyAnyFloats(const FloatGemmArgs& args) {
  switch (args.weights->type) {
    case FloatType::kF32:
      return MultiplyFloats<FloatType::kF32>(args);
    case FloatType::kF16:
      return MultiplyFloats<FloatType::kF16>(args);
    case FloatType::kBF16:
      return MultiplyFloats<FloatType::kBF16>(args);
  }
}

}  // namespace
}  // namespace rowmill::kernels
