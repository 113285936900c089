// The largest value and the sum of exponentials over F32x16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/exp-inl.h"
#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

inline float LargestValue(const float* x, size_t n) {
  // The order of a maximum does not matter, so four chains run side by side.
  F32x16 largest[4];
  const F32x16 first = SetF32(x[0]);
  for (F32x16& chain : largest) chain = first;
  bool any_nan = x[0] != x[0];
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
#pragma GCC unroll 4
    for (size_t c = 0; c < 4; ++c) {
      const F32x16 v = LoadF32(x + i + 16 * c);
      any_nan |= AnyNan(v);
      largest[c] = Max(v, largest[c]);
    }
  }
  for (; i < n; i += 16) {
    const size_t left = n - i;
    const F32x16 v =
        left >= 16 ? LoadF32(x + i) : SelectRange(LoadFirstF32(x + i, left), 0, left, first);
    any_nan |= AnyNan(v);
    largest[0] = Max(v, largest[0]);
  }
  if (any_nan) return __builtin_nanf("");
  return MaxLane(Max(Max(largest[0], largest[1]), Max(largest[2], largest[3]))) + 0.0f;
}

inline float SumOfExp(const float* x, size_t n, float max) {
  const F32x16 maximum = SetF32(max);
  F32x16 sums = ZeroF32();
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) sums = Add(sums, Exp(Sub(LoadF32(x + i), maximum)));
  if (whole < n) {
    const size_t left = n - whole;
    const F32x16 last = Exp(Sub(LoadFirstF32(x + whole, left), maximum));
    sums = Add(sums, SelectRange(last, 0, left, ZeroF32()));
  }
  return Tree(sums);
}

}  // namespace
}  // namespace rowmill::kernels
