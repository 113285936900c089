// Rearranges weights from their file format into the packed layouts of kernels.h, at load. Exact:
// codes and scales keep their values (an f16 scale stays f16; products such as Q4_K's d * sc fit
// f32 exactly). Plain portable code: packing is done once and its result is the same on every CPU.
#pragma once

#include <cstddef>
#include <optional>

#include "kernels/kernels.h"
#include "tensor/tensor_view.h"

namespace rowmill::kernels {

// The packed format of a quantised file format; nullopt for F32, F16 and BF16.
std::optional<BlockFormat> PackedFormatOf(DType dtype);

// Packs the 16 channels of group `group` of W[N, K]. `row_order`, where not null, gives for each
// output channel the row of `w` that it takes ([N]; used to undo llama's rotary permutation).
// `out`: format.group_bytes(K) bytes.
void PackBlockGroup(const TensorView& w, const uint32_t* row_order, size_t group, std::byte* out);

// The same for float formats: [K][16] elements of the type, zero beyond N.
void PackFloatGroup(const TensorView& w, const uint32_t* row_order, size_t group, std::byte* out);

// Dequantises instead: [K][16] f32 from any format (--numerics f32).
void PackDequantizedGroup(const TensorView& w, const uint32_t* row_order, size_t group,
                          std::byte* out);

}  // namespace rowmill::kernels
