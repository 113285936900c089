// Brings float weights into blocks of 8-bit codes (Q8_0): per 32 elements of a row the scale
// amax / 127, rounded to half precision, and codes round(x / scale). For the numeric recipe `int8`.
//
// What it is not: the quantisation of activations (kernels), which happens at run time.
#pragma once

#include <cstddef>
#include <vector>

#include "tensor/tensor_view.h"

namespace rowmill {

// Whether QuantizeToQ8_0 takes this tensor: F32, F16 or BF16, rows of whole blocks.
bool CanQuantize(const TensorView& tensor);

// The blocks of all rows, [rows, cols / 32]. The same bytes everywhere.
std::vector<std::byte> QuantizeToQ8_0(const TensorView& tensor);

}  // namespace rowmill
