// What generic/gemm_blocks-inl.h needs beside the dot product, for 512-bit registers: all 16
// channels of a group in one.
#pragma once

#include "kernels/avx512/vector.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

using CodeVector = __m512i;
using FloatVector = __m512;

constexpr size_t kLanes = 16;
// 12 sums and 12 dot products, two vectors of codes, the mask of nibbles and a few temporaries.
constexpr size_t kMaxTileRows = 12;

ROWMILL_INLINE CodeVector LoadCodes(const std::byte* from) { return _mm512_loadu_si512(from); }
ROWMILL_INLINE CodeVector LowNibbles(CodeVector both) {
  return _mm512_and_si512(both, _mm512_set1_epi8(15));
}
ROWMILL_INLINE CodeVector HighNibbles(CodeVector both) {
  return _mm512_and_si512(_mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
}
ROWMILL_INLINE CodeVector BroadcastInputs(const int8_t* four) {
  int32_t lanes;
  __builtin_memcpy(&lanes, four, sizeof(lanes));
  return _mm512_set1_epi32(lanes);
}

ROWMILL_INLINE FloatVector SetFloats(float x) { return _mm512_set1_ps(x); }
ROWMILL_INLINE FloatVector LoadFloats(const float* from) { return _mm512_loadu_ps(from); }
ROWMILL_INLINE void StoreFloats(float* to, FloatVector x) { _mm512_storeu_ps(to, x); }
ROWMILL_INLINE FloatVector MulFloats(FloatVector a, FloatVector b) { return _mm512_mul_ps(a, b); }
ROWMILL_INLINE FloatVector FmaFloats(FloatVector a, FloatVector b, FloatVector c) {
  return _mm512_fmadd_ps(a, b, c);
}

// `lane` is always 0 here. Half-precision blocks keep scales at multiples of 32 bytes only.
ROWMILL_INLINE FloatVector LoadScales(const std::byte* scales, size_t, ScaleType type) {
  if (type == ScaleType::kF16) {
    return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(scales)));
  }
  return _mm512_loadu_ps(scales);
}

ROWMILL_INLINE void StoreChannels(float* y, size_t n, FloatVector result, Store store) {
  const auto lanes = static_cast<__mmask16>((1u << n) - 1);
  if (store == Store::kAdd) result = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, y), result);
  _mm512_mask_storeu_ps(y, lanes, result);
}

}  // namespace
}  // namespace rowmill::kernels
