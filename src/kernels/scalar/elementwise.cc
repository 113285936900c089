#include <cmath>

#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {

void Rope(const KernelTable::RopeArgs& args) {
  const size_t half = args.rotary_dim / 2;
  for (size_t head = 0; head < args.heads; ++head) {
    float* x = args.x + head * args.head_dim;
    for (size_t i = 0; i < half; ++i) {
      const float a = x[i];
      const float b = x[i + half];
      x[i] = std::fma(a, args.cos[i], -(b * args.sin[i]));
      x[i + half] = std::fma(b, args.cos[i], a * args.sin[i]);
    }
  }
}

void SwiGlu(const float* gate, const float* up, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = gate[i] / (1.0f + Exp(-gate[i])) * up[i];
}

void Scale(const float* x, float a, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * a;
}

}  // namespace rowmill::kernels::scalar
