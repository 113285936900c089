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

void LayerNorm(const KernelTable::LayerNormArgs& args) {
  const auto n = static_cast<float>(args.n);
  for (size_t row = 0; row < args.m; ++row) {
    const float* in = args.x + row * args.n;
    float* out = args.y + row * args.n;
    float sums[16] = {};
    for (size_t i = 0; i < args.n; ++i) sums[i % 16] += in[i];
    const float mean = Tree(sums) / n;
    float squares[16] = {};
    for (size_t i = 0; i < args.n; ++i) {
      const float difference = in[i] - mean;
      squares[i % 16] = std::fma(difference, difference, squares[i % 16]);
    }
    const float r = 1.0f / std::sqrt(Tree(squares) / n + args.eps);
    for (size_t i = 0; i < args.n; ++i) {
      out[i] = std::fma((in[i] - mean) * r, args.w[i], args.b[i]);
    }
  }
}

}  // namespace rowmill::kernels::scalar
