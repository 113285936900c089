#include "kernels/avx2/vector.h"
#include "kernels/isa_functions.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/attend_whole-inl.h"

ROWMILL_DECLARE_KERNELS(avx2)

namespace rowmill::kernels::avx2 {

void AttendWhole(const AttendWholeArgs& args) { AttendWholeAll(args); }

void WeighKeys(float* scores, size_t ld, size_t num_rows, size_t num_keys, float* sums) {
  WeighRows(scores, ld, num_rows, num_keys, sums);
}

}  // namespace rowmill::kernels::avx2
