#include <algorithm>
#include <cmath>
#include <limits>

#include "base/float16.h"
#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {
namespace {

// Folds keys [begin, end) of one block into one row's state; at least one is visible.
void FoldBlock(const AttendArgs& args, size_t block, size_t row, size_t begin, size_t end) {
  const size_t d = args.head_dim;
  const uint16_t* keys = args.keys + block * d * kKeyBlock;
  const uint16_t* values = args.values + block * d * kKeyBlock;
  const float* query = args.queries[row];
  float* out = args.states[row];
  float* sum = out + d;
  float* max = sum + 16;

  float scores[kKeyBlock] = {};
  float block_max = -std::numeric_limits<float>::infinity();
  for (size_t j = begin; j < end; ++j) {
    for (size_t i = 0; i < d; ++i) {
      scores[j] = std::fma(query[i], F16ToF32(keys[i * kKeyBlock + j]), scores[j]);
    }
    if (scores[j] > block_max) block_max = scores[j];
  }
  block_max += 0.0f;
  if (block_max > *max) {
    const float c = Exp(*max - block_max);
    for (size_t i = 0; i < d; ++i) out[i] *= c;
    for (size_t l = 0; l < 16; ++l) sum[l] *= c;
    *max = block_max;
  }
  for (size_t j = begin; j < end; ++j) {
    const float p = Exp(scores[j] - *max);
    sum[j % 16] += p;
    for (size_t i = 0; i < d; ++i) out[i] = std::fma(p, F16ToF32(values[j * d + i]), out[i]);
  }
}

}  // namespace

void StoreKv(const float* key, const float* value, size_t head_dim, size_t slot,
             uint16_t* key_block, uint16_t* value_block) {
  for (size_t i = 0; i < head_dim; ++i) {
    key_block[i * kKeyBlock + slot] = F32ToF16(key[i]);
    value_block[slot * head_dim + i] = F32ToF16(value[i]);
  }
}

void Attend(const AttendArgs& args) {
  for (size_t row = 0; row < args.num_rows; ++row) {
    const size_t visible_begin = args.visible_begin[row];
    const size_t visible_end = args.visible_end[row];
    for (size_t block = 0; block < args.num_blocks; ++block) {
      const size_t first = block * kKeyBlock;
      const size_t begin = std::max(visible_begin, first);
      const size_t end = std::min(visible_end, first + kKeyBlock);
      if (begin < end) FoldBlock(args, block, row, begin - first, end - first);
    }
  }
}

void AttendFinish(const float* const* states, float* const* y, size_t num_rows, size_t head_dim) {
  for (size_t row = 0; row < num_rows; ++row) {
    const float sum = Tree(states[row] + head_dim);
    for (size_t i = 0; i < head_dim; ++i) y[row][i] = states[row][i] / sum;
  }
}

}  // namespace rowmill::kernels::scalar
