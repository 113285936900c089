#include <immintrin.h>

#include "kernels/generic/gemm_kinds.h"
#include "kernels/isa_functions.h"

// clang-format off: the order of these headers is part of the contract of generic/.
#include "kernels/avx512/gemm_vectors.h"
// clang-format on

namespace rowmill::kernels {
namespace {

// VPDPBUSD adds four products of unsigned and signed bytes to 32 bits without saturation, so all
// kinds of codes are alike, and the correction is where the sum starts.
template <CodeKind kKind>
struct Dot {
  using Type = __m512i;
  static ROWMILL_INLINE Type Start(int32_t correction) { return _mm512_set1_epi32(correction); }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, CodeVector inputs0,
                                  CodeVector codes1, CodeVector inputs1) {
    dot = _mm512_dpbusd_epi32(dot, codes0, inputs0);
    return _mm512_dpbusd_epi32(dot, codes1, inputs1);
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) { return _mm512_cvtepi32_ps(dot); }
};

}  // namespace
}  // namespace rowmill::kernels

#include "kernels/generic/fold_tile-inl.h"
// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"

ROWMILL_DECLARE_KERNELS(avx512_vnni)

namespace rowmill::kernels::avx512_vnni {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

}  // namespace rowmill::kernels::avx512_vnni
