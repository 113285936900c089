#include <cmath>
#include <limits>

#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {

void AttendWhole(const AttendWholeArgs& args) {
  for (size_t row = 0; row < args.num_rows; ++row) {
    const float* query = args.queries + row * args.ldq;
    const float* bias = nullptr;
    if (args.bias != nullptr) {
      bias = args.bias + static_cast<ptrdiff_t>(row) * args.bias_stride;
    }
    float* weights = args.weights;
    float max = -std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < args.num_keys; ++j) {
      const float* keys = args.keys + j / 16 * args.head_dim * 16 + j % 16;
      float score = 0.0f;
      for (size_t i = 0; i < args.head_dim; ++i) score = std::fma(query[i], keys[i * 16], score);
      if (bias != nullptr) score += bias[j];
      weights[j] = score;
      if (score > max) max = score;
    }
    max += 0.0f;
    float sums[16] = {};
    for (size_t j = 0; j < args.num_keys; ++j) {
      weights[j] = Exp(weights[j] - max);
      sums[j % 16] += weights[j];
    }
    const float sum = Tree(sums);
    for (size_t i = 0; i < args.head_dim; ++i) {
      float out = 0.0f;
      for (size_t j = 0; j < args.num_keys; ++j) {
        out = std::fma(weights[j], args.values[j * args.ldv + i], out);
      }
      args.y[row * args.ldy + i] = out / sum;
    }
  }
}

void WeighKeys(float* scores, size_t ld, size_t num_rows, size_t num_keys, float* sums) {
  for (size_t row = 0; row < num_rows; ++row) {
    float* weights = scores + row * ld;
    float max = -std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < num_keys; ++j) {
      if (weights[j] > max) max = weights[j];
    }
    max += 0.0f;
    float partial[16] = {};
    for (size_t j = 0; j < num_keys; ++j) {
      weights[j] = Exp(weights[j] - max);
      partial[j % 16] += weights[j];
    }
    for (size_t j = num_keys; j % 16 != 0; ++j) weights[j] = 0.0f;
    sums[row] = Tree(partial);
  }
}

}  // namespace rowmill::kernels::scalar
