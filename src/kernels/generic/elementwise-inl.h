// Rotary positions, activations, bias and scaling over F32x16. Every lane is an element of its
// own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/exp-inl.h"
#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

struct RotatedPair {
  F32x16 a, b;
};

ROWMILL_INLINE RotatedPair Rotate(F32x16 a, F32x16 b, F32x16 cosine, F32x16 sine) {
  // fma(a, cos, -(b * sin)): the product is rounded before it is taken away.
  return {FmaMinus(a, cosine, Mul(b, sine)), Fma(b, cosine, Mul(a, sine))};
}

inline void RotateHeads(const KernelTable::RopeArgs& args) {
  const size_t half = args.rotary_dim / 2;
  const size_t whole = half / 16 * 16;
  const size_t left = half - whole;
  for (size_t head = 0; head < args.heads; ++head) {
    float* low = args.x + head * args.head_dim;
    float* high = low + half;
    for (size_t i = 0; i < whole; i += 16) {
      const RotatedPair pair =
          Rotate(LoadF32(low + i), LoadF32(high + i), LoadF32(args.cos + i), LoadF32(args.sin + i));
      StoreF32(low + i, pair.a);
      StoreF32(high + i, pair.b);
    }
    if (left > 0) {
      const RotatedPair pair =
          Rotate(LoadFirstF32(low + whole, left), LoadFirstF32(high + whole, left),
                 LoadFirstF32(args.cos + whole, left), LoadFirstF32(args.sin + whole, left));
      StoreFirstF32(low + whole, left, pair.a);
      StoreFirstF32(high + whole, left, pair.b);
    }
  }
}

ROWMILL_INLINE F32x16 Gate(F32x16 gate, F32x16 up) {
  return Mul(Div(gate, Add(SetF32(1.0f), Exp(Negate(gate)))), up);
}

inline void GateAll(const float* gate, const float* up, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
    StoreF32(y + i, Gate(LoadF32(gate + i), LoadF32(up + i)));
  }
  if (whole < n) {
    const size_t left = n - whole;
    StoreFirstF32(y + whole, left,
                  Gate(LoadFirstF32(gate + whole, left), LoadFirstF32(up + whole, left)));
  }
}

ROWMILL_INLINE F32x16 Erf(F32x16 x) {
  // Max and Min give their second operand where one is NaN, so NaN passes through.
  x = Min(SetF32(5.6f), Max(SetF32(-5.6f), x));
  const F32x16 s = Mul(x, x);
  F32x16 p = SetF32(kErfNumerator[6]);
#pragma GCC unroll 8
  for (int i = 5; i >= 0; --i) p = Fma(p, s, SetF32(kErfNumerator[i]));
  F32x16 q = SetF32(kErfDenominator[4]);
#pragma GCC unroll 8
  for (int i = 3; i >= 0; --i) q = Fma(q, s, SetF32(kErfDenominator[i]));
  return Min(SetF32(1.0f), Max(SetF32(-1.0f), Div(Mul(x, p), q)));
}

ROWMILL_INLINE F32x16 Gelu(F32x16 x) {
  const F32x16 h = Mul(SetF32(0.5f), x);
  return Fma(h, Erf(x), h);
}

inline void GeluErfAll(const float* x, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) StoreF32(y + i, Gelu(LoadF32(x + i)));
  if (whole < n) StoreFirstF32(y + whole, n - whole, Gelu(LoadFirstF32(x + whole, n - whole)));
}

// Max gives its second operand where one is NaN or both are zeros.
ROWMILL_INLINE F32x16 Relu(F32x16 x) { return Max(ZeroF32(), x); }

inline void ReluAll(const float* x, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) StoreF32(y + i, Relu(LoadF32(x + i)));
  if (whole < n) StoreFirstF32(y + whole, n - whole, Relu(LoadFirstF32(x + whole, n - whole)));
}

ROWMILL_INLINE F32x16 SsruCell(F32x16 forget, F32x16 input, F32x16 cell) {
  const F32x16 one = SetF32(1.0f);
  const F32x16 f = Div(one, Add(one, Exp(Negate(forget))));
  return Fma(f, cell, Mul(Sub(one, f), input));
}

inline void SsruAll(const KernelTable::SsruArgs& args) {
  const size_t whole = args.n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
    const F32x16 cell =
        SsruCell(LoadF32(args.forget + i), LoadF32(args.input + i), LoadF32(args.cell + i));
    StoreF32(args.cell + i, cell);
    StoreF32(args.y + i, Relu(cell));
  }
  if (whole < args.n) {
    const size_t left = args.n - whole;
    const F32x16 cell =
        SsruCell(LoadFirstF32(args.forget + whole, left), LoadFirstF32(args.input + whole, left),
                 LoadFirstF32(args.cell + whole, left));
    StoreFirstF32(args.cell + whole, left, cell);
    StoreFirstF32(args.y + whole, left, Relu(cell));
  }
}

inline void AddBiasAll(float* y, const float* b, size_t m, size_t n) {
  const size_t whole = n / 16 * 16;
  const size_t left = n - whole;
  for (size_t row = 0; row < m; ++row, y += n) {
    for (size_t i = 0; i < whole; i += 16) StoreF32(y + i, Add(LoadF32(y + i), LoadF32(b + i)));
    if (left > 0) {
      StoreFirstF32(y + whole, left,
                    Add(LoadFirstF32(y + whole, left), LoadFirstF32(b + whole, left)));
    }
  }
}

ROWMILL_INLINE F32x16 GeluByTanh(F32x16 x) {
  const F32x16 t = Mul(x, Fma(Mul(x, x), SetF32(kGeluCubic), SetF32(kGeluLinear)));
  return Div(x, Add(SetF32(1.0f), Exp(Negate(t))));
}

inline void GeluTanhAll(const float* x, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) StoreF32(y + i, GeluByTanh(LoadF32(x + i)));
  if (whole < n) {
    StoreFirstF32(y + whole, n - whole, GeluByTanh(LoadFirstF32(x + whole, n - whole)));
  }
}

inline void GateByGeluAll(const float* gate, const float* up, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
    StoreF32(y + i, Mul(GeluByTanh(LoadF32(gate + i)), LoadF32(up + i)));
  }
  if (whole < n) {
    const size_t left = n - whole;
    StoreFirstF32(
        y + whole, left,
        Mul(GeluByTanh(LoadFirstF32(gate + whole, left)), LoadFirstF32(up + whole, left)));
  }
}

inline void ScaleAll(const float* x, float a, float* y, size_t n) {
  const size_t whole = n / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) StoreF32(y + i, Mul(LoadF32(x + i), SetF32(a)));
  if (whole < n) {
    StoreFirstF32(y + whole, n - whole, Mul(LoadFirstF32(x + whole, n - whole), SetF32(a)));
  }
}

}  // namespace
}  // namespace rowmill::kernels
