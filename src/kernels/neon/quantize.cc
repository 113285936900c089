#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {
namespace {

constexpr uint32_t kInfinityBits = 0x7f800000u;

// Without their sign bits floats order like integers, NaN above all.
ROWMILL_INLINE uint32x4_t Magnitude(float32x4_t x) {
  return vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x7fffffffu));
}

ROWMILL_INLINE uint32x4_t Magnitudes(F32x16 x) {
  return vmaxq_u32(vmaxq_u32(Magnitude(x.q0), Magnitude(x.q1)),
                   vmaxq_u32(Magnitude(x.q2), Magnitude(x.q3)));
}

// Four products, rounded to even.
ROWMILL_INLINE int16x4_t Round(float32x4_t x, float32x4_t inverse) {
  return vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(x, inverse)));
}

ROWMILL_INLINE int8x16_t RoundToCodes(F32x16 x, float inverse) {
  const float32x4_t all = vdupq_n_f32(inverse);
  const int16x8_t low = vcombine_s16(Round(x.q0, all), Round(x.q1, all));
  const int16x8_t high = vcombine_s16(Round(x.q2, all), Round(x.q3, all));
  return vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
}

}  // namespace

void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows) {
  const size_t num_blocks = m * k / kBlockK;  // rows are contiguous
  for (size_t b = 0; b < num_blocks; ++b) {
    const F32x16 low = LoadF32(x + b * kBlockK);
    const F32x16 high = LoadF32(x + b * kBlockK + 16);
    const uint32_t amax_bits = vmaxvq_u32(vmaxq_u32(Magnitudes(low), Magnitudes(high)));
    const float amax = vgetq_lane_f32(vreinterpretq_f32_u32(vdupq_n_u32(amax_bits)), 0);
    int8x16_t codes_low = vdupq_n_s8(0), codes_high = vdupq_n_s8(0);
    if (amax_bits >= kInfinityBits) {
      rows.scales[b] = __builtin_nanf("");
    } else if (amax < 1e-30f) {
      rows.scales[b] = 0.0f;
    } else {
      const float inverse = 127.0f / amax;
      rows.scales[b] = amax / 127.0f;
      codes_low = RoundToCodes(low, inverse);
      codes_high = RoundToCodes(high, inverse);
    }
    vst1q_s8(rows.codes + b * kBlockK, codes_low);
    vst1q_s8(rows.codes + b * kBlockK + 16, codes_high);
    rows.sums[2 * b] = vaddlvq_s8(codes_low);
    rows.sums[2 * b + 1] = vaddlvq_s8(codes_high);
  }
}

}  // namespace rowmill::kernels::neon
