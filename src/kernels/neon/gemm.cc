#include "kernels/neon/gemm_vectors.h"

#include "kernels/generic/gemm_kinds.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels {
namespace {

// Per row two sums and four registers of 16-bit products: 24 of 32 for four rows.
constexpr size_t kMaxTileRows = 4;

// Eight channels' products in 16 bits: a channel has four lanes, one for each of four inputs.
struct Products {
  int16x8_t q0, q1, q2, q3;
};

ROWMILL_INLINE int16x8_t MulLow(int8x16_t a, int8x16_t b) {
  return vmull_s8(vget_low_s8(a), vget_low_s8(b));
}
ROWMILL_INLINE int16x8_t MulAddLow(int16x8_t sum, int8x16_t a, int8x16_t b) {
  return vmlal_s8(sum, vget_low_s8(a), vget_low_s8(b));
}

ROWMILL_INLINE Products MulAdd(Products sum, int8x16_t low, int8x16_t high, int8x16_t inputs) {
  return {MulAddLow(sum.q0, low, inputs), vmlal_high_s8(sum.q1, low, inputs),
          MulAddLow(sum.q2, high, inputs), vmlal_high_s8(sum.q3, high, inputs)};
}

// A channel's lanes added up, twice: from sums of pairs.
ROWMILL_INLINE FloatVector AddPairs(int32x4_t q0, int32x4_t q1, int32x4_t q2, int32x4_t q3,
                                    int32_t correction) {
  const int32x4_t all = vdupq_n_s32(correction);
  return {vcvtq_f32_s32(vaddq_s32(vpaddq_s32(q0, q1), all)),
          vcvtq_f32_s32(vaddq_s32(vpaddq_s32(q2, q3), all))};
}

// For CPUs without SDOT: products are added up in 16 bits for as long as they fit, |input| <= 127.
template <CodeKind kKind>
struct Dot {
  // Two products of up to 128 * 127 reach 32512.
  struct Type {
    int32x4_t q0, q1, q2, q3;  // of pairs of a channel's lanes
  };
  static ROWMILL_INLINE Type Start(int32_t) {
    const int32x4_t zero = vdupq_n_s32(0);
    return {zero, zero, zero, zero};
  }
  static ROWMILL_INLINE int8x16_t Signed(uint8x16_t codes) {
    if (kKind == CodeKind::kBytes) codes = veorq_u8(codes, vdupq_n_u8(128));
    return vreinterpretq_s8_u8(codes);
  }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, int8x16_t inputs0, CodeVector codes1,
                                  int8x16_t inputs1) {
    const int8x16_t low = Signed(codes0.low), high = Signed(codes0.high);
    Products sum = {MulLow(low, inputs0), vmull_high_s8(low, inputs0), MulLow(high, inputs0),
                    vmull_high_s8(high, inputs0)};
    sum = MulAdd(sum, Signed(codes1.low), Signed(codes1.high), inputs1);
    return {vpadalq_s16(dot.q0, sum.q0), vpadalq_s16(dot.q1, sum.q1), vpadalq_s16(dot.q2, sum.q2),
            vpadalq_s16(dot.q3, sum.q3)};
  }
  // Bytes less their zero point need no correction.
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t correction) {
    return AddPairs(dot.q0, dot.q1, dot.q2, dot.q3, kKind == CodeKind::kBytes ? 0 : correction);
  }
};

// Eight products of up to 15 * 127, a whole block of 32, reach 15240.
template <>
struct Dot<CodeKind::kNibbles> {
  using Type = Products;
  static ROWMILL_INLINE Type Start(int32_t) {
    const int16x8_t zero = vdupq_n_s16(0);
    return {zero, zero, zero, zero};
  }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, int8x16_t inputs0, CodeVector codes1,
                                  int8x16_t inputs1) {
    dot = MulAdd(dot, vreinterpretq_s8_u8(codes0.low), vreinterpretq_s8_u8(codes0.high), inputs0);
    return MulAdd(dot, vreinterpretq_s8_u8(codes1.low), vreinterpretq_s8_u8(codes1.high), inputs1);
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t correction) {
    return AddPairs(vpaddlq_s16(dot.q0), vpaddlq_s16(dot.q1), vpaddlq_s16(dot.q2),
                    vpaddlq_s16(dot.q3), correction);
  }
};

}  // namespace
}  // namespace rowmill::kernels

// After the names that they are written over.
#include "kernels/generic/fold_tile-inl.h"
// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"
#include "kernels/generic/gemm_floats-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

void GemmFloats(const FloatGemmArgs& args) { MultiplyAnyFloats(args); }

}  // namespace rowmill::kernels::neon
