// Random weights and activations for the kernel tests, and comparison bit by bit.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cpu.h"
#include "gtest/gtest.h"
#include "kernels/dispatch.h"
#include "kernels/kernels.h"
#include "kernels/pack.h"
#include "tensor/tensor_view.h"

namespace rowmill::kernels {

// mt19937_64's sequence is fixed by the standard; the library's distributions are not, so the
// numbers are cut out of the bits here. Every draw is a statement of its own: argument order is not
// fixed.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Bits() { return engine_(); }
  size_t Below(size_t n) { return static_cast<size_t>(engine_() % n); }
  // Uniform in [-1, 1), exact.
  float Unit() { return static_cast<float>(static_cast<int32_t>(engine_() >> 32)) * 0x1p-31f; }

 private:
  std::mt19937_64 engine_;
};

enum class Extremes : uint8_t { kNone, kFinite, kAll };

// Values of about unit size; kFinite mixes in zeros, denormals, 1e30 and whole blocks of zeros,
// kAll also infinities and NaN.
std::vector<float> RandomFloats(Random& random, size_t n, Extremes extremes = Extremes::kNone);

// A weight with its bytes. Scales are finite; codes are any bits.
struct OwnedWeight {
  std::vector<std::byte> bytes;
  TensorView view;
};
OwnedWeight RandomWeight(Random& random, DType dtype, size_t rows, size_t cols);

// Quantised weights packed for gemm_blocks.
struct PackedBlockWeight {
  AlignedBytes bytes;
  PackedBlocks blocks;
};
PackedBlockWeight PackBlocks(const TensorView& w);

struct PackedFloatWeight {
  AlignedBytes bytes;
  PackedFloats floats;
};
PackedFloatWeight PackFloats(const TensorView& w);

// Quantised rows with their memory. Codes are placed one byte off alignment.
class OwnedRows {
 public:
  OwnedRows(size_t m, size_t k) : codes_(m * k + 1), scales_(m * k / kBlockK), sums_(m * k / 16) {}
  QuantizedRows rows() { return {codes_.data() + 1, scales_.data(), sums_.data()}; }

  std::vector<int8_t> codes_;
  std::vector<float> scales_;
  std::vector<int16_t> sums_;
};

// Equal bits, or both NaN: which NaN an operation gives is not part of the recipe.
testing::AssertionResult SameBits(const float* expected, const float* actual, size_t n);
inline testing::AssertionResult SameBits(const std::vector<float>& expected,
                                         const std::vector<float>& actual) {
  if (expected.size() != actual.size()) return testing::AssertionFailure() << "sizes differ";
  return SameBits(expected.data(), actual.data(), expected.size());
}

inline constexpr DType kBlockTypes[] = {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1,
                                        DType::kQ8_0, DType::kQ2_K, DType::kQ3_K, DType::kQ4_K,
                                        DType::kQ5_K, DType::kQ6_K};
inline constexpr DType kFloatTypes[] = {DType::kF32, DType::kF16, DType::kBF16};

// The tables that this CPU can run, and that of AMX on emulated tiles, for
// INSTANTIATE_TEST_SUITE_P.
std::vector<const KernelTable*> TablesToTest();

struct TableName {
  std::string operator()(const testing::TestParamInfo<const KernelTable*>& param) const {
    return param.param->name;
  }
};

class KernelTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
};

}  // namespace rowmill::kernels
