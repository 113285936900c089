#include "ops/rope.h"

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {

RopeTable::RopeTable(const RopeConfig& config, size_t num_positions)
    : half_(config.rotary_dim / 2), cos_(num_positions * half_), sin_(num_positions * half_) {
  CHECK(config.rotary_dim % 2 == 0 && config.base > 0.0 && config.scale > 0.0);
  CHECK(config.frequency_divisors.empty() || config.frequency_divisors.size() == half_);
  for (size_t i = 0; i < half_; ++i) {
    double frequency = RealPow(config.base, -2.0 * static_cast<double>(i) /
                                                static_cast<double>(config.rotary_dim)) /
                       config.scale;
    if (!config.frequency_divisors.empty()) frequency /= config.frequency_divisors[i];
    for (size_t position = 0; position < num_positions; ++position) {
      const SinCos angle = RealSinCos(frequency * static_cast<double>(position));
      cos_[position * half_ + i] = static_cast<float>(angle.cos);
      sin_[position * half_ + i] = static_cast<float>(angle.sin);
    }
  }
}

void RopeTable::Rotate(const kernels::KernelTable& kernels, std::span<const uint32_t> positions,
                       float* x, size_t num_heads, size_t head_dim) const {
  for (size_t row = 0; row < positions.size(); ++row) {
    kernels.rope({x + row * num_heads * head_dim, num_heads, head_dim, rotary_dim(),
                  cos(positions[row]), sin(positions[row])});
  }
}

}  // namespace rowmill
