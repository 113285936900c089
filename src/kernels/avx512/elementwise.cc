#include "kernels/avx512/vector.h"
#include "kernels/isa_functions.h"
// The vector header comes first: the shared body is written over its names.
#include "kernels/generic/elementwise-inl.h"

ROWMILL_DECLARE_KERNELS(avx512)

namespace rowmill::kernels::avx512 {

void Rope(const KernelTable::RopeArgs& args) { RotateHeads(args); }

void SwiGlu(const float* gate, const float* up, float* y, size_t n) { GateAll(gate, up, y, n); }

void GeluErf(const float* x, float* y, size_t n) { GeluErfAll(x, y, n); }

void Relu(const float* x, float* y, size_t n) { ReluAll(x, y, n); }

void Ssru(const KernelTable::SsruArgs& args) { SsruAll(args); }

void AddBias(float* y, const float* b, size_t m, size_t n) { AddBiasAll(y, b, m, n); }

void GeluTanh(const float* x, float* y, size_t n) { GeluTanhAll(x, y, n); }

void GegluTanh(const float* gate, const float* up, float* y, size_t n) {
  GateByGeluAll(gate, up, y, n);
}

void Scale(const float* x, float a, float* y, size_t n) { ScaleAll(x, a, y, n); }

}  // namespace rowmill::kernels::avx512
