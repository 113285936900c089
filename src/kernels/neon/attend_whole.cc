#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/attend_whole-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

void AttendWhole(const AttendWholeArgs& args) { AttendWholeAll(args); }

}  // namespace rowmill::kernels::neon
