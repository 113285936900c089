#include <cmath>

#include "kernels/isa_functions.h"
#include "kernels/scalar/exp.h"

namespace rowmill::kernels::scalar {
namespace {

float Erf(float x) {
  if (x != x) return x;
  if (x < -5.6f) x = -5.6f;
  if (x > 5.6f) x = 5.6f;
  const float s = x * x;
  float p = kErfNumerator[6];
  for (int i = 5; i >= 0; --i) p = std::fma(p, s, kErfNumerator[i]);
  float q = kErfDenominator[4];
  for (int i = 3; i >= 0; --i) q = std::fma(q, s, kErfDenominator[i]);
  const float e = x * p / q;
  if (e < -1.0f) return -1.0f;
  return e > 1.0f ? 1.0f : e;
}

float GeluByTanh(float x) {
  const float t = x * std::fma(x * x, kGeluCubic, kGeluLinear);
  return x / (1.0f + Exp(-t));
}

}  // namespace

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

void GeluErf(const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float h = 0.5f * x[i];
    y[i] = std::fma(h, Erf(x[i]), h);
  }
}

void Relu(const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

void Ssru(const KernelTable::SsruArgs& args) {
  for (size_t i = 0; i < args.n; ++i) {
    const float f = 1.0f / (1.0f + Exp(-args.forget[i]));
    const float cell = std::fma(f, args.cell[i], (1.0f - f) * args.input[i]);
    args.cell[i] = cell;
    args.y[i] = cell < 0.0f ? 0.0f : cell;
  }
}

void AddBias(float* y, const float* b, size_t m, size_t n) {
  for (size_t row = 0; row < m; ++row) {
    for (size_t i = 0; i < n; ++i) y[row * n + i] += b[i];
  }
}

void GeluTanh(const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = GeluByTanh(x[i]);
}

void GegluTanh(const float* gate, const float* up, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = GeluByTanh(gate[i]) * up[i];
}

void Scale(const float* x, float a, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * a;
}

}  // namespace rowmill::kernels::scalar
