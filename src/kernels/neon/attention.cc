#include "kernels/isa_functions.h"
#include "kernels/neon/vector.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/attention-inl.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels::neon {

void StoreKv(const float* key, const float* value, size_t head_dim, size_t slot,
             uint16_t* key_block, uint16_t* value_block) {
  StoreKeyAndValue(key, value, head_dim, slot, key_block, value_block);
}

void Attend(const AttendArgs& args) { AttendAll(args); }

void AttendFinish(const float* const* states, float* const* y, size_t num_rows, size_t head_dim) {
  FinishAll(states, y, num_rows, head_dim);
}

}  // namespace rowmill::kernels::neon
