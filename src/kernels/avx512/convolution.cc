#include "kernels/avx512/vector.h"
#include "kernels/isa_functions.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/convolution-inl.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {

void BiasClamp(const KernelTable::BiasClampArgs& args) { BiasClampAll(args); }

void Depthwise(const KernelTable::DepthwiseArgs& args) { DepthwiseAll(args); }

}  // namespace rowmill::kernels::avx512
