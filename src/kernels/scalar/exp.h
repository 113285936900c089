// The recipe's exponential and its sum of 16 partial sums, as kernels.h states them, one value at a
// time. Not a replacement for std::exp: it is accurate to 2e-7 only, but it has the same bits
// everywhere.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/kernels.h"

namespace rowmill::kernels::scalar {

inline float Exp(float x) {
  if (x != x) return x;
  if (x < -87.25f) x = -87.25f;
  if (x > 88.0f) x = 88.0f;
  // Adding and taking away 1.5 * 2^23 rounds to an integer, ties to even, without libm.
  constexpr float kRound = 0x1.8p23f;
  const float n = (x * 0x1.715476p+0f + kRound) - kRound;
  float r = std::fma(n, -0x1.62e400p-1f, x);
  r = std::fma(n, -0x1.7f7d1cp-20f, r);
  float p = kExpCoefficients[0];
  for (int i = 1; i < 7; ++i) p = std::fma(p, r, kExpCoefficients[i]);
  // n lies in [-126, 127], so the power is a normal number.
  const float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
  return p * power;
}

inline float Tree(const float partial[16]) {
  float l[16];
  for (int j = 0; j < 16; ++j) l[j] = partial[j];
  for (int half = 8; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) l[j] += l[j + half];
  }
  return l[0];
}

}  // namespace rowmill::kernels::scalar
