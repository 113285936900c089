#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/convolution-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

void BiasClamp(const KernelTable::BiasClampArgs& args) { BiasClampAll(args); }

void Depthwise(const KernelTable::DepthwiseArgs& args) { DepthwiseAll(args); }

}  // namespace rowmill::kernels::neon
