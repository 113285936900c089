// Sixteen floats in four NEON registers, under the names that generic/*-inl.h is written with.
// Needs what every aarch64 has.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

struct F32x16 {
  float32x4_t q0, q1, q2, q3;
};

// Six rows of four registers, four registers of keys or weights and one of the row's input: 29 of
// 32.
constexpr size_t kAttendRows = 6;
// Vectors that attention takes at a time for few rows. One vector is four chains
// of additions already; two hide a latency of four cycles on two pipes. Reasoned, not measured: no
// ARM machine was at hand.
constexpr size_t kFewRowVectors = 2;
constexpr size_t kFloatGemmRows = 6;
// Outputs of a depthwise convolution that share its inputs: 16 registers of sums.
constexpr size_t kDepthwiseColumns = 4;

ROWMILL_INLINE F32x16 SetF32(float x) {
  const float32x4_t all = vdupq_n_f32(x);
  return {all, all, all, all};
}
ROWMILL_INLINE F32x16 ZeroF32() { return SetF32(0.0f); }
ROWMILL_INLINE F32x16 LoadF32(const float* from) {
  return {vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8), vld1q_f32(from + 12)};
}
ROWMILL_INLINE void StoreF32(float* to, F32x16 x) {
  vst1q_f32(to, x.q0);
  vst1q_f32(to + 4, x.q1);
  vst1q_f32(to + 8, x.q2);
  vst1q_f32(to + 12, x.q3);
}

// The first n <= 16 lanes; the others are zero. NEON has no masked loads: the ends of rows go
// through memory.
ROWMILL_INLINE F32x16 LoadFirstF32(const float* from, size_t n) {
  if (n == 16) return LoadF32(from);
  float lanes[16] = {};
  for (size_t i = 0; i < n; ++i) lanes[i] = from[i];
  return LoadF32(lanes);
}
ROWMILL_INLINE void StoreFirstF32(float* to, size_t n, F32x16 x) {
  if (n == 16) return StoreF32(to, x);
  float lanes[16];
  StoreF32(lanes, x);
  for (size_t i = 0; i < n; ++i) to[i] = lanes[i];
}

ROWMILL_INLINE float32x4_t WidenF16(const uint16_t* from) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
}
ROWMILL_INLINE F32x16 LoadF16(const uint16_t* from) {
  return {WidenF16(from), WidenF16(from + 4), WidenF16(from + 8), WidenF16(from + 12)};
}
ROWMILL_INLINE float32x4_t WidenBf16(const uint16_t* from) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(from), 16));
}
ROWMILL_INLINE F32x16 LoadBf16(const uint16_t* from) {
  return {WidenBf16(from), WidenBf16(from + 4), WidenBf16(from + 8), WidenBf16(from + 12)};
}
// Rounds as FPCR says, which nothing of ours changes: to nearest even, denormals kept.
ROWMILL_INLINE void NarrowF16(uint16_t* to, float32x4_t x) {
  vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32(x)));
}
ROWMILL_INLINE void StoreF16(uint16_t* to, F32x16 x) {
  NarrowF16(to, x.q0);
  NarrowF16(to + 4, x.q1);
  NarrowF16(to + 8, x.q2);
  NarrowF16(to + 12, x.q3);
}

ROWMILL_INLINE F32x16 Add(F32x16 a, F32x16 b) {
  return {vaddq_f32(a.q0, b.q0), vaddq_f32(a.q1, b.q1), vaddq_f32(a.q2, b.q2),
          vaddq_f32(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 Sub(F32x16 a, F32x16 b) {
  return {vsubq_f32(a.q0, b.q0), vsubq_f32(a.q1, b.q1), vsubq_f32(a.q2, b.q2),
          vsubq_f32(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 Mul(F32x16 a, F32x16 b) {
  return {vmulq_f32(a.q0, b.q0), vmulq_f32(a.q1, b.q1), vmulq_f32(a.q2, b.q2),
          vmulq_f32(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 Div(F32x16 a, F32x16 b) {
  return {vdivq_f32(a.q0, b.q0), vdivq_f32(a.q1, b.q1), vdivq_f32(a.q2, b.q2),
          vdivq_f32(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 Negate(F32x16 x) {
  return {vnegq_f32(x.q0), vnegq_f32(x.q1), vnegq_f32(x.q2), vnegq_f32(x.q3)};
}
ROWMILL_INLINE F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) {
  return {vfmaq_f32(c.q0, a.q0, b.q0), vfmaq_f32(c.q1, a.q1, b.q1), vfmaq_f32(c.q2, a.q2, b.q2),
          vfmaq_f32(c.q3, a.q3, b.q3)};
}
// a * b - c. The subtrahend is negated, not the result of c - a * b: where both are equal that
// would be -0.
ROWMILL_INLINE F32x16 FmaMinus(F32x16 a, F32x16 b, F32x16 c) { return Fma(a, b, Negate(c)); }

// The second operand where one is NaN, and where both are zeros; FMAX would give NaN.
ROWMILL_INLINE float32x4_t Larger(float32x4_t a, float32x4_t b) {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}
ROWMILL_INLINE float32x4_t Lesser(float32x4_t a, float32x4_t b) {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}
ROWMILL_INLINE F32x16 Max(F32x16 a, F32x16 b) {
  return {Larger(a.q0, b.q0), Larger(a.q1, b.q1), Larger(a.q2, b.q2), Larger(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 Min(F32x16 a, F32x16 b) {
  return {Lesser(a.q0, b.q0), Lesser(a.q1, b.q1), Lesser(a.q2, b.q2), Lesser(a.q3, b.q3)};
}
ROWMILL_INLINE F32x16 RoundToEven(F32x16 x) {
  return {vrndnq_f32(x.q0), vrndnq_f32(x.q1), vrndnq_f32(x.q2), vrndnq_f32(x.q3)};
}

// 2^n for integers n in [-126, 127]; 1 for NaN.
ROWMILL_INLINE float32x4_t PowerOfTwo(float32x4_t n) {
  const int32x4_t exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
}
// x * 2^n, rounded once.
ROWMILL_INLINE F32x16 ScaleByPower(F32x16 x, F32x16 n) {
  return {vmulq_f32(x.q0, PowerOfTwo(n.q0)), vmulq_f32(x.q1, PowerOfTwo(n.q1)),
          vmulq_f32(x.q2, PowerOfTwo(n.q2)), vmulq_f32(x.q3, PowerOfTwo(n.q3))};
}

// All bits in those of the four lanes from `first` on that are in [begin, end).
ROWMILL_INLINE uint32x4_t RangeMask(uint32_t first, size_t begin, size_t end) {
  constexpr uint32_t kLane[4] = {0, 1, 2, 3};
  const uint32x4_t lane = vaddq_u32(vld1q_u32(kLane), vdupq_n_u32(first));
  return vandq_u32(vcgeq_u32(lane, vdupq_n_u32(static_cast<uint32_t>(begin))),
                   vcltq_u32(lane, vdupq_n_u32(static_cast<uint32_t>(end))));
}
// `x` in lanes [begin, end), `otherwise` in the others; 0 <= begin <= end <= 16.
ROWMILL_INLINE F32x16 SelectRange(F32x16 x, size_t begin, size_t end, F32x16 otherwise) {
  return {vbslq_f32(RangeMask(0, begin, end), x.q0, otherwise.q0),
          vbslq_f32(RangeMask(4, begin, end), x.q1, otherwise.q1),
          vbslq_f32(RangeMask(8, begin, end), x.q2, otherwise.q2),
          vbslq_f32(RangeMask(12, begin, end), x.q3, otherwise.q3)};
}

// Tree of kernels.h: the halves are added onto each other.
ROWMILL_INLINE float Tree(F32x16 x) {
  const float32x4_t l4 = vaddq_f32(vaddq_f32(x.q0, x.q2), vaddq_f32(x.q1, x.q3));
  const float32x2_t l2 = vadd_f32(vget_low_f32(l4), vget_high_f32(l4));
  return vget_lane_f32(l2, 0) + vget_lane_f32(l2, 1);
}

// The largest lane; no lane is NaN.
ROWMILL_INLINE float MaxLane(F32x16 x) {
  return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.q0, x.q1), vmaxq_f32(x.q2, x.q3)));
}

ROWMILL_INLINE bool AnyNan(F32x16 x) {
  const uint32x4_t low = vandq_u32(vceqq_f32(x.q0, x.q0), vceqq_f32(x.q1, x.q1));
  const uint32x4_t high = vandq_u32(vceqq_f32(x.q2, x.q2), vceqq_f32(x.q3, x.q3));
  return vminvq_u32(vandq_u32(low, high)) == 0;
}

ROWMILL_INLINE float SquareRoot(float x) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0); }

}  // namespace
}  // namespace rowmill::kernels
