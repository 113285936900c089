#include "kernels/avx2/vector.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels {
namespace {

using CodeVector = __m256i;
using IntVector = __m256i;
using FloatVector = __m256;

constexpr size_t kLanes = 8;  // half of a group at a time
// Four sums and four dot products, two vectors of codes, the mask and the broadcast input. What is
// left over goes to temporaries.
constexpr size_t kMaxTileRows = 4;

ROWMILL_INLINE CodeVector LoadCodes(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
ROWMILL_INLINE CodeVector LowNibbles(CodeVector both) {
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}
ROWMILL_INLINE CodeVector HighNibbles(CodeVector both) {
  return _mm256_and_si256(_mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
}
ROWMILL_INLINE CodeVector BroadcastInputs(const int8_t* four) {
  int32_t lanes;
  __builtin_memcpy(&lanes, four, sizeof(lanes));
  return _mm256_set1_epi32(lanes);
}

ROWMILL_INLINE FloatVector SetFloats(float x) { return _mm256_set1_ps(x); }
ROWMILL_INLINE FloatVector LoadFloats(const float* from) { return _mm256_loadu_ps(from); }
ROWMILL_INLINE void StoreFloats(float* to, FloatVector x) { _mm256_storeu_ps(to, x); }
ROWMILL_INLINE FloatVector MulFloats(FloatVector a, FloatVector b) { return _mm256_mul_ps(a, b); }
ROWMILL_INLINE FloatVector FmaFloats(FloatVector a, FloatVector b, FloatVector c) {
  return _mm256_fmadd_ps(a, b, c);
}

// kLanes scales from lane `lane` on.
ROWMILL_INLINE FloatVector LoadScales(const std::byte* scales, size_t lane, ScaleType type) {
  if (type == ScaleType::kF16) {
    const auto* halves = reinterpret_cast<const __m128i*>(scales + 2 * lane);
    return _mm256_cvtph_ps(_mm_loadu_si128(halves));
  }
  return _mm256_loadu_ps(reinterpret_cast<const float*>(scales) + lane);
}

ROWMILL_INLINE void StoreChannels(float* y, size_t n, FloatVector result, Store store) {
  const __m256i lanes = RangeMask(0, static_cast<int>(n));
  if (store == Store::kAdd) result = _mm256_add_ps(_mm256_maskload_ps(y, lanes), result);
  _mm256_maskstore_ps(y, lanes, result);
}

ROWMILL_INLINE IntVector PairSums(CodeVector codes, CodeVector inputs) {
  return _mm256_maddubs_epi16(codes, inputs);
}
ROWMILL_INLINE IntVector SignedPairSums(CodeVector codes, CodeVector inputs) {
  const __m256i value = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
  return _mm256_maddubs_epi16(_mm256_abs_epi8(value), _mm256_sign_epi8(inputs, value));
}
ROWMILL_INLINE IntVector Add16(IntVector a, IntVector b) { return _mm256_add_epi16(a, b); }
ROWMILL_INLINE IntVector Add32(IntVector a, IntVector b) { return _mm256_add_epi32(a, b); }
ROWMILL_INLINE IntVector Widen(IntVector sums) {
  return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}
ROWMILL_INLINE IntVector SetIntegers(int32_t x) { return _mm256_set1_epi32(x); }
ROWMILL_INLINE FloatVector ToFloats(IntVector x) { return _mm256_cvtepi32_ps(x); }

}  // namespace
}  // namespace rowmill::kernels

// After the names that they are written over.
#include "kernels/generic/dot_maddubs-inl.h"
#include "kernels/generic/fold_tile-inl.h"
// After FoldTile.
#include "kernels/generic/gemm_blocks-inl.h"
#include "kernels/generic/gemm_floats-inl.h"

ROWMILL_DECLARE_KERNELS(avx2)

namespace rowmill::kernels::avx2 {

void GemmBlocks(const BlockGemmArgs& args) { MultiplyAnyFormat(args); }

void GemmFloats(const FloatGemmArgs& args) { MultiplyAnyFloats(args); }

}  // namespace rowmill::kernels::avx2
