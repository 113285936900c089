#include "kernels/avx512/gemm_vectors.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels {
namespace {

using IntVector = __m512i;

ROWMILL_INLINE IntVector PairSums(CodeVector codes, CodeVector inputs) {
  return _mm512_maddubs_epi16(codes, inputs);
}
// There is no VPSIGNB of this width.
ROWMILL_INLINE IntVector SignedPairSums(CodeVector codes, CodeVector inputs) {
  const __m512i value = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
  const __m512i moved =
      _mm512_mask_sub_epi8(inputs, _mm512_movepi8_mask(value), _mm512_setzero_si512(), inputs);
  return _mm512_maddubs_epi16(_mm512_abs_epi8(value), moved);
}
ROWMILL_INLINE IntVector Add16(IntVector a, IntVector b) { return _mm512_add_epi16(a, b); }
ROWMILL_INLINE IntVector Add32(IntVector a, IntVector b) { return _mm512_add_epi32(a, b); }
ROWMILL_INLINE IntVector Widen(IntVector sums) {
  return _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
}
ROWMILL_INLINE IntVector SetIntegers(int32_t x) { return _mm512_set1_epi32(x); }
ROWMILL_INLINE FloatVector ToFloats(IntVector x) { return _mm512_cvtepi32_ps(x); }

}  // namespace
}  // namespace rowmill::kernels

// After the names that they are written over.
#include "kernels/generic/dot_maddubs-inl.h"
#include "kernels/generic/fold_tile-inl.h"
// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"
#include "kernels/generic/gemm_floats-inl.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

void GemmFloats(const FloatGemmArgs& args) { MultiplyAnyFloats(args); }

}  // namespace rowmill::kernels::avx512
