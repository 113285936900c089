// Exp of kernels.h over F32x16.
#pragma once

#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

ROWMILL_INLINE F32x16 Exp(F32x16 x) {
  // Max and Min give their second operand where one is NaN, so NaN passes through.
  x = Min(SetF32(88.0f), Max(SetF32(-87.25f), x));
  const F32x16 n = RoundToEven(Mul(x, SetF32(0x1.715476p+0f)));
  F32x16 r = Fma(n, SetF32(-0x1.62e400p-1f), x);
  r = Fma(n, SetF32(-0x1.7f7d1cp-20f), r);
  F32x16 p = SetF32(kExpCoefficients[0]);
#pragma GCC unroll 8
  for (int i = 1; i < 7; ++i) p = Fma(p, r, SetF32(kExpCoefficients[i]));
  return ScaleByPower(p, n);
}

}  // namespace
}  // namespace rowmill::kernels
