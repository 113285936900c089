// Names shared by generic/gemm_blocks-inl.h and the instruction sets' dot products.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowmill::kernels {

// What is known about the codes, which is what decides whether 16-bit sums can overflow.
enum class CodeKind : uint8_t {
  kNibbles,  // 0..15, two to a byte
  kSixBits,  // 0..63
  kBytes,    // 0..255, zero point 128
};

template <size_t kRows>
struct RowCount {};

}  // namespace rowmill::kernels
