// Root-mean-square normalisation over F32x16: a lane is one of the 16 partial sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"

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

}  // namespace
}  // namespace rowmill::kernels
