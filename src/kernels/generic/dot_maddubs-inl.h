// Exact dot products of unsigned codes and signed inputs on CPUs without a 32-bit dot product.
// VPMADDUBSW multiplies unsigned by signed bytes and adds two products in 16 bits, where they
// saturate; how many sums may stay in 16 bits follows from |input| <= 127 and the kind of code.
//
// The including source brings IntVector and, over it, PairSums (VPMADDUBSW), SignedPairSums (the
// same for codes less their zero point of 128), Add16, Add32, Widen (sums of two 16-bit lanes in
// 32), SetIntegers, ToFloats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/gemm_kinds.h"
#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

template <CodeKind kKind>
struct Dot;

// 2 * 15 * 127 per pair: eight pairs, a whole block of 32, reach 30480 and fit 16 bits.
template <>
struct Dot<CodeKind::kNibbles> {
  using Type = IntVector;
  static ROWMILL_INLINE Type Start(int32_t) { return SetIntegers(0); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    return Add16(dot, Add16(PairSums(codes0, inputs0), PairSums(codes1, inputs1)));
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t correction) {
    return ToFloats(Add32(Widen(dot), SetIntegers(correction)));
  }
};

// 2 * 63 * 127 per pair: two pairs reach 32004.
template <>
struct Dot<CodeKind::kSixBits> {
  using Type = IntVector;
  static ROWMILL_INLINE Type Start(int32_t correction) { return SetIntegers(correction); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    return Add32(dot, Widen(Add16(PairSums(codes0, inputs0), PairSums(codes1, inputs1))));
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) { return ToFloats(dot); }
};

// Bytes less their zero point are signed: their magnitudes, at most 128, times the inputs with the
// signs moved over reach 2 * 128 * 127 = 32512. No correction is left to do.
template <>
struct Dot<CodeKind::kBytes> {
  using Type = IntVector;
  static ROWMILL_INLINE Type Start(int32_t) { return SetIntegers(0); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    return Add32(
        dot, Add32(Widen(SignedPairSums(codes0, inputs0)), Widen(SignedPairSums(codes1, inputs1))));
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) { return ToFloats(dot); }
};

}  // namespace
}  // namespace rowmill::kernels
