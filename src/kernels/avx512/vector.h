// Sixteen floats in one AVX-512 register, under the names that generic/*-inl.h is written with.
// Needs F, BW, DQ and VL.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

using F32x16 = __m512;

// Rows of queries that attention, and rows of x that the float product, take through the registers
// together: as many sums, and a vector of keys or weights, hide the latency of additions.
constexpr size_t kAttendRows = 12;
// Vectors that attention takes at a time for few rows, for want of other chains of additions to
// hide their latency.
constexpr size_t kFewRowVectors = 4;
constexpr size_t kFloatGemmRows = 12;
// Outputs of a depthwise convolution that share its inputs: their sums and a row of the kernel stay
// in registers.
constexpr size_t kDepthwiseColumns = 7;

ROWMILL_INLINE F32x16 ZeroF32() { return _mm512_setzero_ps(); }
ROWMILL_INLINE F32x16 SetF32(float x) { return _mm512_set1_ps(x); }
ROWMILL_INLINE F32x16 LoadF32(const float* from) { return _mm512_loadu_ps(from); }
ROWMILL_INLINE void StoreF32(float* to, F32x16 x) { _mm512_storeu_ps(to, x); }

// The first n < 16 lanes; the others are zero.
ROWMILL_INLINE F32x16 LoadFirstF32(const float* from, size_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), from);
}
ROWMILL_INLINE void StoreFirstF32(float* to, size_t n, F32x16 x) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1), x);
}

ROWMILL_INLINE F32x16 LoadF16(const uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
ROWMILL_INLINE F32x16 LoadBf16(const uint16_t* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
ROWMILL_INLINE void StoreF16(uint16_t* to, F32x16 x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtps_ph(x, 0));
}

ROWMILL_INLINE F32x16 Add(F32x16 a, F32x16 b) { return _mm512_add_ps(a, b); }
ROWMILL_INLINE F32x16 Sub(F32x16 a, F32x16 b) { return _mm512_sub_ps(a, b); }
ROWMILL_INLINE F32x16 Mul(F32x16 a, F32x16 b) { return _mm512_mul_ps(a, b); }
ROWMILL_INLINE F32x16 Div(F32x16 a, F32x16 b) { return _mm512_div_ps(a, b); }
ROWMILL_INLINE F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) { return _mm512_fmadd_ps(a, b, c); }
ROWMILL_INLINE F32x16 FmaMinus(F32x16 a, F32x16 b, F32x16 c) { return _mm512_fmsub_ps(a, b, c); }
// The second operand where one is NaN.
ROWMILL_INLINE F32x16 Max(F32x16 a, F32x16 b) { return _mm512_max_ps(a, b); }
ROWMILL_INLINE F32x16 Min(F32x16 a, F32x16 b) { return _mm512_min_ps(a, b); }
ROWMILL_INLINE F32x16 Negate(F32x16 x) { return _mm512_xor_ps(x, _mm512_set1_ps(-0.0f)); }
ROWMILL_INLINE F32x16 RoundToEven(F32x16 x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// x * 2^n for integers n where x and the result are normal numbers; NaN where both are. An addition
// to the exponent: VSCALEFPS takes two cycles on Zen 4.
ROWMILL_INLINE F32x16 ScaleByPower(F32x16 x, F32x16 n) {
  const __m512i exponent = _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23);  // 0 for NaN
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), exponent));
}

// `x` in lanes [begin, end), `otherwise` in the others; 0 <= begin <= end <= 16.
ROWMILL_INLINE F32x16 SelectRange(F32x16 x, size_t begin, size_t end, F32x16 otherwise) {
  const uint32_t lanes = ((1u << end) - 1) & ~((1u << begin) - 1);
  return _mm512_mask_mov_ps(otherwise, static_cast<__mmask16>(lanes), x);
}

ROWMILL_INLINE __m256 UpperHalf(F32x16 x) { return _mm512_extractf32x8_ps(x, 1); }

// Tree of kernels.h: the halves are added onto each other.
ROWMILL_INLINE float Tree(F32x16 x) {
  const __m256 l8 = _mm256_add_ps(_mm512_castps512_ps256(x), UpperHalf(x));
  const __m128 l4 = _mm_add_ps(_mm256_castps256_ps128(l8), _mm256_extractf128_ps(l8, 1));
  const __m128 l2 = _mm_add_ps(l4, _mm_movehl_ps(l4, l4));
  return _mm_cvtss_f32(_mm_add_ss(l2, _mm_movehdup_ps(l2)));
}

// The largest lane; no lane is NaN.
ROWMILL_INLINE float MaxLane(F32x16 x) {
  const __m256 l8 = _mm256_max_ps(_mm512_castps512_ps256(x), UpperHalf(x));
  const __m128 l4 = _mm_max_ps(_mm256_castps256_ps128(l8), _mm256_extractf128_ps(l8, 1));
  const __m128 l2 = _mm_max_ps(l4, _mm_movehl_ps(l4, l4));
  return _mm_cvtss_f32(_mm_max_ss(l2, _mm_movehdup_ps(l2)));
}

ROWMILL_INLINE bool AnyNan(F32x16 x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) != 0; }

ROWMILL_INLINE float SquareRoot(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

}  // namespace
}  // namespace rowmill::kernels
