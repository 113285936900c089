// Tables of cosines and sines for rotary positions (RoPE, arXiv:2104.09864): one row per absolute
// position, built once at load in double precision and shared by all units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"

namespace rowmill {

struct RopeConfig {
  size_t rotary_dim = 0;                      // even
  double base = 10000.0;                      // theta_i = base^(-2i / rotary_dim)
  double scale = 1.0;                         // positions are divided by it (linear scaling)
  std::span<const float> frequency_divisors;  // [rotary_dim / 2] or empty (llama 3 scaling)
};

class RopeTable {
 public:
  RopeTable() = default;
  RopeTable(const RopeConfig& config, size_t num_positions);

  const float* cos(size_t position) const { return cos_.data() + position * half_; }
  const float* sin(size_t position) const { return sin_.data() + position * half_; }
  size_t rotary_dim() const { return 2 * half_; }

  // Rotates row r of x [rows, num_heads, head_dim] to positions[r].
  void Rotate(const kernels::KernelTable& kernels, std::span<const uint32_t> positions, float* x,
              size_t num_heads, size_t head_dim) const;

 private:
  size_t half_ = 0;
  AlignedBuffer<float> cos_;  // [num_positions, rotary_dim / 2]
  AlignedBuffer<float> sin_;
};

}  // namespace rowmill
