// A weight as it lies in a file: dtype, shape and bytes that somebody else owns. Row-major: `rows`
// rows ([out] of a linear layer) of `cols` elements ([in]); vectors have one row. No alignment is
// promised, since GGUF aligns to 32 bytes and safetensors to nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace rowmill {

struct TensorView {
  std::string name;  // as in the file
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;  // outermost axis first, [out, in]: GGUF's dims reversed
  std::span<const std::byte> bytes;

  uint64_t cols() const { return shape.empty() ? 1 : shape.back(); }
  uint64_t num_elements() const {  // cannot overflow: the readers check the product
    uint64_t n = 1;
    for (uint64_t s : shape) n *= s;
    return n;
  }
  uint64_t rows() const { return cols() == 0 ? 0 : num_elements() / cols(); }
};

}  // namespace rowmill
