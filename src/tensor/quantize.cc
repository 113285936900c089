#include "tensor/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/float16.h"
#include "tensor/block_formats.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

// Ties away from zero, as in the format's reference implementation; |x| <= 127.1.
int8_t RoundedCode(float x) {
  const int whole = static_cast<int>(x < 0.0f ? x - 0.5f : x + 0.5f);
  return static_cast<int8_t>(std::clamp(whole, -127, 127));
}

BlockQ8_0 QuantizeBlock(const float* x) {
  float largest = 0.0f;
  for (size_t i = 0; i < kSmallBlock; ++i) largest = std::max(largest, std::abs(x[i]));
  BlockQ8_0 block = {};
  block.d = F32ToF16(largest / 127.0f);
  const float scale = F16ToF32(block.d);
  if (scale == 0.0f) return block;
  for (size_t i = 0; i < kSmallBlock; ++i) block.qs[i] = RoundedCode(x[i] / scale);
  return block;
}

}  // namespace

bool CanQuantize(const TensorView& tensor) {
  const bool is_float =
      tensor.dtype == DType::kF32 || tensor.dtype == DType::kF16 || tensor.dtype == DType::kBF16;
  return is_float && tensor.cols() % kSmallBlock == 0;
}

std::vector<std::byte> QuantizeToQ8_0(const TensorView& tensor) {
  CHECK(CanQuantize(tensor));
  const size_t num_rows = tensor.rows();
  const size_t num_cols = tensor.cols();
  const size_t blocks_per_row = num_cols / kSmallBlock;
  std::vector<std::byte> out(num_rows * blocks_per_row * sizeof(BlockQ8_0));
  std::vector<float> row(num_cols);
  std::byte* to = out.data();
  for (size_t r = 0; r < num_rows; ++r) {
    DequantizeRow(tensor, r, row);
    for (size_t b = 0; b < blocks_per_row; ++b, to += sizeof(BlockQ8_0)) {
      const BlockQ8_0 block = QuantizeBlock(row.data() + b * kSmallBlock);
      std::memcpy(to, &block, sizeof(block));
    }
  }
  return out;
}

}  // namespace rowmill
