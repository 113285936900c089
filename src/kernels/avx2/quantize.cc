#include "kernels/avx2/vector.h"
#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(avx2)

namespace rowmill::kernels::avx2 {
namespace {

constexpr int32_t kInfinityBits = 0x7f800000;

ROWMILL_INLINE float FloatOfBits(int32_t bits) {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits)));
}

// Without their sign bits floats order like signed integers, NaN above all.
ROWMILL_INLINE __m256i Magnitude(__m256 x) {
  return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff));
}

ROWMILL_INLINE int32_t LargestLane(__m256i x) {
  __m128i l4 = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  l4 = _mm_max_epi32(l4, _mm_shuffle_epi32(l4, _MM_SHUFFLE(1, 0, 3, 2)));
  l4 = _mm_max_epi32(l4, _mm_shuffle_epi32(l4, _MM_SHUFFLE(2, 3, 0, 1)));
  return _mm_cvtsi128_si32(l4);
}

ROWMILL_INLINE __m256i Round(__m256 x, __m256 inverse) {
  return _mm256_cvtps_epi32(_mm256_mul_ps(x, inverse));
}

// The 32 codes in order; the packs work within 128-bit halves, which the permutation undoes.
ROWMILL_INLINE __m256i PackCodes(const __m256 x[4], __m256 inverse) {
  const __m256i words0 = _mm256_packs_epi32(Round(x[0], inverse), Round(x[1], inverse));
  const __m256i words1 = _mm256_packs_epi32(Round(x[2], inverse), Round(x[3], inverse));
  const __m256i bytes = _mm256_packs_epi16(words0, words1);
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// The sums of the lower and upper 16 codes: made unsigned by +128, summed eight at a time, and
// 16 * 128 taken away again.
ROWMILL_INLINE void StoreSums(__m256i codes, int16_t* sums) {
  const __m256i unsigned_codes = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
  const __m256i eights = _mm256_sad_epu8(unsigned_codes, _mm256_setzero_si256());
  const int low = _mm256_extract_epi16(eights, 0) + _mm256_extract_epi16(eights, 4);
  const int high = _mm256_extract_epi16(eights, 8) + _mm256_extract_epi16(eights, 12);
  sums[0] = static_cast<int16_t>(low - 16 * 128);
  sums[1] = static_cast<int16_t>(high - 16 * 128);
}

}  // namespace

void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows) {
  const size_t num_blocks = m * k / kBlockK;  // rows are contiguous
  for (size_t b = 0; b < num_blocks; ++b) {
    __m256 values[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) values[i] = _mm256_loadu_ps(x + b * kBlockK + 8 * i);
    const __m256i magnitudes =
        _mm256_max_epi32(_mm256_max_epi32(Magnitude(values[0]), Magnitude(values[1])),
                         _mm256_max_epi32(Magnitude(values[2]), Magnitude(values[3])));
    const int32_t amax_bits = LargestLane(magnitudes);
    const float amax = FloatOfBits(amax_bits);
    __m256i codes = _mm256_setzero_si256();
    if (amax_bits >= kInfinityBits) {
      rows.scales[b] = __builtin_nanf("");
    } else if (amax < 1e-30f) {
      rows.scales[b] = 0.0f;
    } else {
      rows.scales[b] = amax / 127.0f;
      codes = PackCodes(values, _mm256_set1_ps(127.0f / amax));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows.codes + b * kBlockK), codes);
    StoreSums(codes, rows.sums + 2 * b);
  }
}

}  // namespace rowmill::kernels::avx2
