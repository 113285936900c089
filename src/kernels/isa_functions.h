// Declares the functions that every instruction set defines, so that all tables are filled from one
// list. An instruction set that has no better version of a function takes another set's
// (avx512_vnni takes all but the integer product from avx512).
//
// What each function computes is stated once, in kernels.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

// A macro because the same list is needed in one namespace per instruction set.
#define ROWMILL_DECLARE_KERNELS(isa)                                                       \
  namespace rowmill::kernels::isa {                                                        \
  void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows);        \
  void GemmBlocks(const BlockGemmArgs& args);                                              \
  void GemmFloats(const FloatGemmArgs& args);                                              \
  void RmsNorm(const float* x, const float* w, float* y, size_t m, size_t n, float eps);   \
  void LayerNorm(const KernelTable::LayerNormArgs& args);                                  \
  void Rope(const KernelTable::RopeArgs& args);                                            \
  void SwiGlu(const float* gate, const float* up, float* y, size_t n);                     \
  void GeluErf(const float* x, float* y, size_t n);                                        \
  void Relu(const float* x, float* y, size_t n);                                           \
  void Ssru(const KernelTable::SsruArgs& args);                                            \
  void AddBias(float* y, const float* b, size_t m, size_t n);                              \
  void BiasClamp(const KernelTable::BiasClampArgs& args);                                  \
  void Depthwise(const KernelTable::DepthwiseArgs& args);                                  \
  void GeluTanh(const float* x, float* y, size_t n);                                       \
  void GegluTanh(const float* gate, const float* up, float* y, size_t n);                  \
  void Scale(const float* x, float a, float* y, size_t n);                                 \
  void StoreKv(const float* key, const float* value, size_t head_dim, size_t slot,         \
               uint16_t* key_block, uint16_t* value_block);                                \
  void Attend(const AttendArgs& args);                                                     \
  void AttendFinish(const float* const* states, float* const* y, size_t num_rows,          \
                    size_t head_dim);                                                      \
  void WeighKeys(float* scores, size_t ld, size_t num_rows, size_t num_keys, float* sums); \
  void AttendWhole(const AttendWholeArgs& args);                                           \
  float MaxValue(const float* x, size_t n);                                                \
  float SumExp(const float* x, size_t n, float max);                                       \
  }

ROWMILL_DECLARE_KERNELS(scalar)

namespace rowmill::kernels {
// Defined by the instruction sets' folders, where those are compiled (dispatch.cc).
const KernelTable& Avx2Table();
const KernelTable& Avx512Table();
const KernelTable& Avx512VnniTable();
const KernelTable& AmxTable();
const KernelTable& NeonTable();
const KernelTable& NeonDotprodTable();
const KernelTable& NeonI8mmTable();
}  // namespace rowmill::kernels
