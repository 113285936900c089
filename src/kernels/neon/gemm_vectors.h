// What generic/fold_tile-inl.h and generic/gemm_blocks-inl.h need beside the dot product: half of a
// group, eight channels, in two NEON registers.
#pragma once

#include "kernels/kernels.h"
#include "kernels/neon/vector.h"

namespace rowmill::kernels {
namespace {

struct CodeVector {
  uint8x16_t low, high;
};
struct FloatVector {
  float32x4_t low, high;
};

constexpr size_t kLanes = 8;

ROWMILL_INLINE CodeVector LoadCodes(const std::byte* from) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(from);
  return {vld1q_u8(bytes), vld1q_u8(bytes + 16)};
}
ROWMILL_INLINE CodeVector LowNibbles(CodeVector both) {
  const uint8x16_t mask = vdupq_n_u8(15);
  return {vandq_u8(both.low, mask), vandq_u8(both.high, mask)};
}
ROWMILL_INLINE CodeVector HighNibbles(CodeVector both) {
  return {vshrq_n_u8(both.low, 4), vshrq_n_u8(both.high, 4)};
}
ROWMILL_INLINE int8x16_t BroadcastInputs(const int8_t* four) {
  int32_t lanes;
  __builtin_memcpy(&lanes, four, sizeof(lanes));
  return vreinterpretq_s8_s32(vdupq_n_s32(lanes));
}

ROWMILL_INLINE FloatVector SetFloats(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
ROWMILL_INLINE FloatVector LoadFloats(const float* from) {
  return {vld1q_f32(from), vld1q_f32(from + 4)};
}
ROWMILL_INLINE void StoreFloats(float* to, FloatVector x) {
  vst1q_f32(to, x.low);
  vst1q_f32(to + 4, x.high);
}
ROWMILL_INLINE FloatVector MulFloats(FloatVector a, FloatVector b) {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
ROWMILL_INLINE FloatVector FmaFloats(FloatVector a, FloatVector b, FloatVector c) {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}

// kLanes scales from lane `lane` on.
ROWMILL_INLINE FloatVector LoadScales(const std::byte* scales, size_t lane, ScaleType type) {
  if (type == ScaleType::kF16) {
    const auto* halves = reinterpret_cast<const uint16_t*>(scales) + lane;
    return {WidenF16(halves), WidenF16(halves + 4)};
  }
  return LoadFloats(reinterpret_cast<const float*>(scales) + lane);
}

ROWMILL_INLINE void StoreChannels(float* y, size_t n, FloatVector result, Store store) {
  if (n == kLanes) {
    if (store == Store::kAdd) {
      const FloatVector before = LoadFloats(y);
      result = {vaddq_f32(before.low, result.low), vaddq_f32(before.high, result.high)};
    }
    StoreFloats(y, result);
    return;
  }
  float lanes[kLanes];
  StoreFloats(lanes, result);
  for (size_t i = 0; i < n; ++i) y[i] = store == Store::kAdd ? y[i] + lanes[i] : lanes[i];
}

}  // namespace
}  // namespace rowmill::kernels
