#include "kernels/avx512/gemm_vectors.h"
#include "kernels/generic/gemm_kinds.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels {
namespace {

// Without VNNI: VPMADDUBSW multiplies unsigned by signed bytes and adds two products in 16 bits,
// where they saturate; what each kind of code allows follows from |input| <= 127.
ROWMILL_INLINE __m512i PairSums(CodeVector codes, CodeVector inputs) {
  return _mm512_maddubs_epi16(codes, inputs);
}
ROWMILL_INLINE __m512i Widen(__m512i sums16) {
  return _mm512_madd_epi16(sums16, _mm512_set1_epi16(1));
}

template <CodeKind kKind>
struct Dot;

// 2 * 15 * 127 per pair: eight pairs, a whole block of 32, reach 30480 and fit 16 bits.
template <>
struct Dot<CodeKind::kNibbles> {
  using Type = __m512i;
  static ROWMILL_INLINE Type Start(int32_t) { return _mm512_setzero_si512(); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    const __m512i both = _mm512_add_epi16(PairSums(codes0, inputs0), PairSums(codes1, inputs1));
    return _mm512_add_epi16(dot, both);
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t correction) {
    return _mm512_cvtepi32_ps(_mm512_add_epi32(Widen(dot), _mm512_set1_epi32(correction)));
  }
};

// 2 * 63 * 127 per pair: two pairs reach 32004.
template <>
struct Dot<CodeKind::kSixBits> {
  using Type = __m512i;
  static ROWMILL_INLINE Type Start(int32_t correction) { return _mm512_set1_epi32(correction); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    const __m512i both = _mm512_add_epi16(PairSums(codes0, inputs0), PairSums(codes1, inputs1));
    return _mm512_add_epi32(dot, Widen(both));
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) { return _mm512_cvtepi32_ps(dot); }
};

// Bytes less their zero point of 128 are signed: their magnitudes, at most 128, times the inputs
// with the signs moved over reach 2 * 128 * 127 = 32512. No correction is left to do.
template <>
struct Dot<CodeKind::kBytes> {
  using Type = __m512i;
  static ROWMILL_INLINE Type Start(int32_t) { return _mm512_setzero_si512(); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    return _mm512_add_epi32(dot,
                            _mm512_add_epi32(Signed(codes0, inputs0), Signed(codes1, inputs1)));
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) { return _mm512_cvtepi32_ps(dot); }

 private:
  static ROWMILL_INLINE __m512i Signed(CodeVector codes, CodeVector inputs) {
    const __m512i value = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
    const __m512i moved =
        _mm512_mask_sub_epi8(inputs, _mm512_movepi8_mask(value), _mm512_setzero_si512(), inputs);
    return Widen(PairSums(_mm512_abs_epi8(value), moved));
  }
};

}  // namespace
}  // namespace rowmill::kernels

// After the names that it is written over.
#include "kernels/generic/gemm_blocks-inl.h"
#include "kernels/generic/gemm_floats-inl.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

void GemmFloats(const FloatGemmArgs& args) { MultiplyAnyFloats(args); }

}  // namespace rowmill::kernels::avx512
