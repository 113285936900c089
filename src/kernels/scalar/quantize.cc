#include <bit>
#include <cmath>
#include <limits>

#include "kernels/isa_functions.h"

namespace rowmill::kernels::scalar {
namespace {

// The largest magnitude of a block. As integers, because NaN compares false as a float and would be
// passed over; its bits are larger than those of any number.
float LargestMagnitude(const float* x) {
  uint32_t largest = 0;
  for (size_t i = 0; i < kBlockK; ++i) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    if (magnitude > largest) largest = magnitude;
  }
  return std::bit_cast<float>(largest);
}

int8_t RoundToCode(float x) {
  constexpr float kRound = 0x1.8p23f;  // rounds to an integer, ties to even
  return static_cast<int8_t>((x + kRound) - kRound);
}

// Returns the scale.
float QuantizeBlock(const float* x, int8_t* codes) {
  const float amax = LargestMagnitude(x);
  const bool finite = amax <= std::numeric_limits<float>::max();
  if (!finite || amax < 1e-30f) {
    for (size_t i = 0; i < kBlockK; ++i) codes[i] = 0;
    return finite ? 0.0f : std::numeric_limits<float>::quiet_NaN();
  }
  const float inverse = 127.0f / amax;
  for (size_t i = 0; i < kBlockK; ++i) codes[i] = RoundToCode(x[i] * inverse);
  return amax / 127.0f;
}

}  // namespace

void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows) {
  // Rows are contiguous and K is a whole number of blocks, so the rows are one long run of blocks.
  const size_t num_blocks = m * k / kBlockK;
  for (size_t b = 0; b < num_blocks; ++b) {
    int8_t* codes = rows.codes + b * kBlockK;
    rows.scales[b] = QuantizeBlock(x + b * kBlockK, codes);
    for (size_t half = 0; half < 2; ++half) {
      int sum = 0;
      for (size_t i = 0; i < 16; ++i) sum += codes[half * 16 + i];
      rows.sums[b * 2 + half] = static_cast<int16_t>(sum);
    }
  }
}

}  // namespace rowmill::kernels::scalar
