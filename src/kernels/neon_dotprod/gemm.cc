#include "kernels/generic/gemm_kinds.h"
#include "kernels/isa_functions.h"
#include "kernels/neon/gemm_vectors.h"

namespace rowmill::kernels {
namespace {

// Six rows of two sums and two dot products, four registers of codes, the row's input: 29 of 32.
constexpr size_t kMaxTileRows = 6;

// SDOT adds four products of signed bytes to 32 bits. Codes below 128 are signed bytes as they are;
// those of Q8_0, less their zero point of 128, are the same bytes with the top bit flipped, and
// need no correction.
template <CodeKind kKind>
struct Dot {
  struct Type {
    int32x4_t low, high;
  };
  static ROWMILL_INLINE Type Start(int32_t correction) {
    const int32x4_t all = vdupq_n_s32(kKind == CodeKind::kBytes ? 0 : correction);
    return {all, all};
  }
  static ROWMILL_INLINE int8x16_t Signed(uint8x16_t codes) {
    if (kKind == CodeKind::kBytes) codes = veorq_u8(codes, vdupq_n_u8(128));
    return vreinterpretq_s8_u8(codes);
  }
  static ROWMILL_INLINE Type Step(Type dot, CodeVector codes0, int8x16_t inputs0, CodeVector codes1,
                                  int8x16_t inputs1) {
    dot.low = vdotq_s32(dot.low, Signed(codes0.low), inputs0);
    dot.high = vdotq_s32(dot.high, Signed(codes0.high), inputs0);
    dot.low = vdotq_s32(dot.low, Signed(codes1.low), inputs1);
    dot.high = vdotq_s32(dot.high, Signed(codes1.high), inputs1);
    return dot;
  }
  static ROWMILL_INLINE FloatVector Finish(Type dot, int32_t) {
    return {vcvtq_f32_s32(dot.low), vcvtq_f32_s32(dot.high)};
  }
};

}  // namespace
}  // namespace rowmill::kernels

// After the names that they are written over.
#include "kernels/generic/fold_tile-inl.h"
// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"

ROWMILL_DECLARE_KERNELS(neon_dotprod)

namespace rowmill::kernels::neon_dotprod {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

}  // namespace rowmill::kernels::neon_dotprod
