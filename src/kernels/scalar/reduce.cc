#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {

float MaxValue(const float* x, size_t n) {
  float max = x[0];
  for (size_t i = 0; i < n; ++i) {
    if (x[i] != x[i]) return x[i];
    if (x[i] > max) max = x[i];
  }
  return max + 0.0f;
}

float SumExp(const float* x, size_t n, float max) {
  float partial[16] = {};
  for (size_t i = 0; i < n; ++i) partial[i % 16] += Exp(x[i] - max);
  return Tree(partial);
}

}  // namespace rowmill::kernels::scalar
