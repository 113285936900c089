#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/reduce-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

float MaxValue(const float* x, size_t n) { return LargestValue(x, n); }

float SumExp(const float* x, size_t n, float max) { return SumOfExp(x, n, max); }

}  // namespace rowmill::kernels::neon
