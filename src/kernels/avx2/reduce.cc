#include "kernels/avx2/vector.h"
#include "kernels/isa_functions.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/reduce-inl.h"

ROWMILL_DECLARE_KERNELS(avx2)

namespace rowmill::kernels::avx2 {

float MaxValue(const float* x, size_t n) { return LargestValue(x, n); }

float SumExp(const float* x, size_t n, float max) { return SumOfExp(x, n, max); }

}  // namespace rowmill::kernels::avx2
