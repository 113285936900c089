// Root-mean-square and layer normalisation over F32x16: a lane is one of the 16 partial sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

// kRows rows at a time: one row's partial sums are a single chain of additions and would leave the
// multipliers idle.
template <size_t kRows>
inline void NormalizeRows(const float* x, const float* w, float* y, size_t n, float eps) {
  F32x16 sums[kRows];
  for (size_t r = 0; r < kRows; ++r) sums[r] = ZeroF32();
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const F32x16 v = LoadF32(x + r * n + i);
      sums[r] = Fma(v, v, sums[r]);
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    if (whole < n) {
      // The missing lanes add +0 to sums that are never -0.
      const F32x16 v = LoadFirstF32(x + r * n + whole, n - whole);
      sums[r] = Fma(v, v, sums[r]);
    }
    const float mean = Tree(sums[r]) / static_cast<float>(n);
    const F32x16 inverse = SetF32(1.0f / SquareRoot(mean + eps));
    const float* in = x + r * n;
    float* out = y + r * n;
    for (size_t i = 0; i < whole; i += 16) {
      StoreF32(out + i, Mul(Mul(LoadF32(in + i), inverse), LoadF32(w + i)));
    }
    if (whole < n) {
      const size_t left = n - whole;
      const F32x16 v = Mul(LoadFirstF32(in + whole, left), inverse);
      StoreFirstF32(out + whole, left, Mul(v, LoadFirstF32(w + whole, left)));
    }
  }
}

inline void NormalizeAllRows(const float* x, const float* w, float* y, size_t m, size_t n,
                             float eps) {
  size_t row = 0;
  for (; row + 4 <= m; row += 4) NormalizeRows<4>(x + row * n, w, y + row * n, n, eps);
  for (; row < m; ++row) NormalizeRows<1>(x + row * n, w, y + row * n, n, eps);
}

// kRows rows at a time, for the same reason.
template <size_t kRows>
inline void LayerNormRows(const KernelTable::LayerNormArgs& args, size_t row) {
  const size_t n = args.n;
  const size_t whole = n / 16 * 16;
  const size_t left = n - whole;
  const float* x = args.x + row * n;
  float* y = args.y + row * n;
  F32x16 sums[kRows], means[kRows], squares[kRows];
  for (size_t r = 0; r < kRows; ++r) sums[r] = squares[r] = ZeroF32();
  for (size_t i = 0; i < whole; i += 16) {
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) sums[r] = Add(sums[r], LoadF32(x + r * n + i));
  }
  for (size_t r = 0; r < kRows; ++r) {
    // The missing lanes add +0 to sums that began as +0 and are never -0.
    if (left > 0) sums[r] = Add(sums[r], LoadFirstF32(x + r * n + whole, left));
    means[r] = SetF32(Tree(sums[r]) / static_cast<float>(n));
  }
  for (size_t i = 0; i < whole; i += 16) {
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const F32x16 difference = Sub(LoadF32(x + r * n + i), means[r]);
      squares[r] = Fma(difference, difference, squares[r]);
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    const float* in = x + r * n;
    float* out = y + r * n;
    if (left > 0) {
      const F32x16 difference = Sub(LoadFirstF32(in + whole, left), means[r]);
      const F32x16 present = SelectRange(difference, 0, left, ZeroF32());
      squares[r] = Fma(present, present, squares[r]);
    }
    const float variance = Tree(squares[r]) / static_cast<float>(n);
    const F32x16 inverse = SetF32(1.0f / SquareRoot(variance + args.eps));
    for (size_t i = 0; i < whole; i += 16) {
      const F32x16 v = Mul(Sub(LoadF32(in + i), means[r]), inverse);
      StoreF32(out + i, Fma(v, LoadF32(args.w + i), LoadF32(args.b + i)));
    }
    if (left > 0) {
      const F32x16 v = Mul(Sub(LoadFirstF32(in + whole, left), means[r]), inverse);
      StoreFirstF32(out + whole, left,
                    Fma(v, LoadFirstF32(args.w + whole, left), LoadFirstF32(args.b + whole, left)));
    }
  }
}

inline void LayerNormAllRows(const KernelTable::LayerNormArgs& args) {
  size_t row = 0;
  for (; row + 4 <= args.m; row += 4) LayerNormRows<4>(args, row);
  for (; row < args.m; ++row) LayerNormRows<1>(args, row);
}

}  // namespace
}  // namespace rowmill::kernels
