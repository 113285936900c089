#include "kernels/avx512/vector.h"
#include "kernels/isa_functions.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/norm-inl.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {

void RmsNorm(const float* x, const float* w, float* y, size_t m, size_t n, float eps) {
  NormalizeAllRows(x, w, y, m, n, eps);
}

void LayerNorm(const KernelTable::LayerNormArgs& args) { LayerNormAllRows(args); }

}  // namespace rowmill::kernels::avx512
