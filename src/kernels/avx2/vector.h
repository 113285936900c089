// Sixteen floats in two AVX registers, under the names that generic/*-inl.h is written with.
// Needs AVX2, FMA and F16C.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

struct F32x16 {
  __m256 low, high;
};

// Six rows of two registers, two registers of keys or weights and one of the row's input: 15 of 16.
constexpr size_t kAttendRows = 6;
// Vectors that attention takes at a time for few rows: more chains of additions,
// but two measured slower than one here (12 against 17 GMAC/s on Zen 4).
constexpr size_t kFewRowVectors = 1;
constexpr size_t kFloatGemmRows = 6;
// Outputs of a depthwise convolution that share its inputs: six registers of sums.
constexpr size_t kDepthwiseColumns = 3;

ROWMILL_INLINE F32x16 SetF32(float x) {
  const __m256 all = _mm256_set1_ps(x);
  return {all, all};
}
ROWMILL_INLINE F32x16 ZeroF32() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
ROWMILL_INLINE F32x16 LoadF32(const float* from) {
  return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
ROWMILL_INLINE void StoreF32(float* to, F32x16 x) {
  _mm256_storeu_ps(to, x.low);
  _mm256_storeu_ps(to + 8, x.high);
}

// All bits in lanes [begin, end) of 0..7; the bounds may lie outside.
ROWMILL_INLINE __m256i RangeMask(int begin, int end) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i before = _mm256_cmpgt_epi32(_mm256_set1_epi32(begin), lane);
  return _mm256_andnot_si256(before, _mm256_cmpgt_epi32(_mm256_set1_epi32(end), lane));
}

// The first n <= 16 lanes; the others are zero.
ROWMILL_INLINE F32x16 LoadFirstF32(const float* from, size_t n) {
  const int count = static_cast<int>(n);
  return {_mm256_maskload_ps(from, RangeMask(0, count)),
          _mm256_maskload_ps(from + 8, RangeMask(0, count - 8))};
}
ROWMILL_INLINE void StoreFirstF32(float* to, size_t n, F32x16 x) {
  const int count = static_cast<int>(n);
  _mm256_maskstore_ps(to, RangeMask(0, count), x.low);
  _mm256_maskstore_ps(to + 8, RangeMask(0, count - 8), x.high);
}

ROWMILL_INLINE F32x16 LoadF16(const uint16_t* from) {
  const auto* halves = reinterpret_cast<const __m128i*>(from);
  return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}
ROWMILL_INLINE __m256 WidenBf16(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
ROWMILL_INLINE F32x16 LoadBf16(const uint16_t* from) {
  const auto* halves = reinterpret_cast<const __m128i*>(from);
  return {WidenBf16(_mm_loadu_si128(halves)), WidenBf16(_mm_loadu_si128(halves + 1))};
}
ROWMILL_INLINE void StoreF16(uint16_t* to, F32x16 x) {
  auto* halves = reinterpret_cast<__m128i*>(to);
  _mm_storeu_si128(halves, _mm256_cvtps_ph(x.low, 0));
  _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(x.high, 0));
}

ROWMILL_INLINE F32x16 Add(F32x16 a, F32x16 b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Sub(F32x16 a, F32x16 b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Mul(F32x16 a, F32x16 b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Div(F32x16 a, F32x16 b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
ROWMILL_INLINE F32x16 FmaMinus(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fmsub_ps(a.low, b.low, c.low), _mm256_fmsub_ps(a.high, b.high, c.high)};
}
// The second operand where one is NaN.
ROWMILL_INLINE F32x16 Max(F32x16 a, F32x16 b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Min(F32x16 a, F32x16 b) {
  return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
ROWMILL_INLINE F32x16 Negate(F32x16 x) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_xor_ps(x.low, sign), _mm256_xor_ps(x.high, sign)};
}
ROWMILL_INLINE F32x16 RoundToEven(F32x16 x) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(x.low, kNearest), _mm256_round_ps(x.high, kNearest)};
}

// 2^n for integers n in [-126, 127]; anything finite for NaN.
ROWMILL_INLINE __m256 PowerOfTwo(__m256 n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
// x * 2^n, rounded once.
ROWMILL_INLINE F32x16 ScaleByPower(F32x16 x, F32x16 n) {
  return {_mm256_mul_ps(x.low, PowerOfTwo(n.low)), _mm256_mul_ps(x.high, PowerOfTwo(n.high))};
}

// `x` in lanes [begin, end), `otherwise` in the others; 0 <= begin <= end <= 16.
ROWMILL_INLINE F32x16 SelectRange(F32x16 x, size_t begin, size_t end, F32x16 otherwise) {
  const int first = static_cast<int>(begin), last = static_cast<int>(end);
  const __m256 low = _mm256_castsi256_ps(RangeMask(first, last));
  const __m256 high = _mm256_castsi256_ps(RangeMask(first - 8, last - 8));
  return {_mm256_blendv_ps(otherwise.low, x.low, low),
          _mm256_blendv_ps(otherwise.high, x.high, high)};
}

// Tree of kernels.h: the halves are added onto each other.
ROWMILL_INLINE float Tree(F32x16 x) {
  const __m256 l8 = _mm256_add_ps(x.low, x.high);
  const __m128 l4 = _mm_add_ps(_mm256_castps256_ps128(l8), _mm256_extractf128_ps(l8, 1));
  const __m128 l2 = _mm_add_ps(l4, _mm_movehl_ps(l4, l4));
  return _mm_cvtss_f32(_mm_add_ss(l2, _mm_movehdup_ps(l2)));
}

// The largest lane; no lane is NaN.
ROWMILL_INLINE float MaxLane(F32x16 x) {
  const __m256 l8 = _mm256_max_ps(x.low, x.high);
  const __m128 l4 = _mm_max_ps(_mm256_castps256_ps128(l8), _mm256_extractf128_ps(l8, 1));
  const __m128 l2 = _mm_max_ps(l4, _mm_movehl_ps(l4, l4));
  return _mm_cvtss_f32(_mm_max_ss(l2, _mm_movehdup_ps(l2)));
}

ROWMILL_INLINE bool AnyNan(F32x16 x) {
  const __m256 low = _mm256_cmp_ps(x.low, x.low, _CMP_UNORD_Q);
  const __m256 high = _mm256_cmp_ps(x.high, x.high, _CMP_UNORD_Q);
  return _mm256_movemask_ps(_mm256_or_ps(low, high)) != 0;
}

ROWMILL_INLINE float SquareRoot(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

}  // namespace
}  // namespace rowmill::kernels
