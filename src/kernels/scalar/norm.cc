#include <cmath>

#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {

void RmsNorm(const float* x, const float* w, float* y, size_t m, size_t n, float eps) {
  for (size_t row = 0; row < m; ++row) {
    const float* in = x + row * n;
    float* out = y + row * n;
    float partial[16] = {};
    for (size_t i = 0; i < n; ++i) partial[i % 16] = std::fma(in[i], in[i], partial[i % 16]);
    const float mean = Tree(partial) / static_cast<float>(n);
    const float r = 1.0f / std::sqrt(mean + eps);
    for (size_t i = 0; i < n; ++i) out[i] = (in[i] * r) * w[i];
  }
}

}  // namespace rowmill::kernels::scalar
