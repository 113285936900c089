// Turns rows of any supported weight format into f32, bit for bit as ggml's reference dequantiser
// does (ggml-quants.c, dequantize_row_*). The scalar oracle for the packed kernels, and the way
// weights are read when they are packed at load.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor_view.h"

namespace rowmill {

// Writes tensor.cols() values of row `row`. CHECKs the row index, out.size() and that the row lies
// in tensor.bytes. I32 values are converted to the nearest f32.
void DequantizeRow(const TensorView& tensor, uint64_t row, std::span<float> out);

}  // namespace rowmill
