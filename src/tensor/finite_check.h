// Looks for NaN and infinity in weights: in the elements of float formats, in the scales of
// quantised ones. One such value spoils every row of a job without any error, so a model that has
// one is refused at load.
#pragma once

#include <cstdint>
#include <optional>

#include "tensor/tensor_view.h"

namespace rowmill {

// The first row with a value that is not finite. Reads bits only, no arithmetic, so a product of
// two finite scales that overflows is not seen here.
std::optional<uint64_t> FindNonFiniteRow(const TensorView& tensor);

}  // namespace rowmill
