#include "kernels/avx512/vector.h"
#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {
namespace {

constexpr uint32_t kInfinityBits = 0x7f800000u;

ROWMILL_INLINE float FloatOfBits(uint32_t bits) {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int32_t>(bits))));
}

ROWMILL_INLINE __m512i Magnitude(__m512 x) {
  return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
}

// The sum of 16 signed bytes.
ROWMILL_INLINE int16_t SumOfCodes(__m128i codes) {
  // Made unsigned by +128, summed eight at a time, and 16 * 128 taken away again.
  const __m128i unsigned_codes = _mm_xor_si128(codes, _mm_set1_epi8(-128));
  const __m128i sums = _mm_sad_epu8(unsigned_codes, _mm_setzero_si128());
  const int sum = _mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4);
  return static_cast<int16_t>(sum - 16 * 128);
}

ROWMILL_INLINE __m128i RoundToCodes(__m512 x, __m512 inverse) {
  return _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x, inverse)));
}

}  // namespace

void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows) {
  const size_t num_blocks = m * k / kBlockK;  // rows are contiguous
  for (size_t b = 0; b < num_blocks; ++b) {
    const __m512 low = _mm512_loadu_ps(x + b * kBlockK);
    const __m512 high = _mm512_loadu_ps(x + b * kBlockK + 16);
    const __m512i magnitudes = _mm512_max_epu32(Magnitude(low), Magnitude(high));
    const uint32_t amax_bits = _mm512_reduce_max_epu32(magnitudes);
    const float amax = FloatOfBits(amax_bits);
    __m128i codes_low = _mm_setzero_si128(), codes_high = _mm_setzero_si128();
    if (amax_bits >= kInfinityBits) {
      rows.scales[b] = __builtin_nanf("");
    } else if (amax < 1e-30f) {
      rows.scales[b] = 0.0f;
    } else {
      const __m512 inverse = _mm512_set1_ps(127.0f / amax);
      rows.scales[b] = amax / 127.0f;
      codes_low = RoundToCodes(low, inverse);
      codes_high = RoundToCodes(high, inverse);
    }
    auto* codes = reinterpret_cast<__m128i*>(rows.codes + b * kBlockK);
    _mm_storeu_si128(codes, codes_low);
    _mm_storeu_si128(codes + 1, codes_high);
    rows.sums[2 * b] = SumOfCodes(codes_low);
    rows.sums[2 * b + 1] = SumOfCodes(codes_high);
  }
}

}  // namespace rowmill::kernels::avx512
