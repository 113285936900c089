#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/norm-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

void RmsNorm(const float* x, const float* w, float* y, size_t m, size_t n, float eps) {
  NormalizeAllRows(x, w, y, m, n, eps);
}

void LayerNorm(const KernelTable::LayerNormArgs& args) { LayerNormAllRows(args); }

}  // namespace rowmill::kernels::neon
