// Matrix products Y[M, N] = X[M, K] * W[N, K]^T on packed weights: owns the packed weights,
// quantises an input once for all the products that read it, and splits output channels over a
// team. The arithmetic is in kernels/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "parallel/thread_team.h"
#include "tensor/tensor_view.h"

namespace rowmill {

// A weight matrix [N, K] packed for the kernels.
class PackedWeights {
 public:
  // kNative keeps block formats as integer codes; kTwoTerms too, but their inputs are rounded to
  // two terms of 8 bits instead of one (see MatMulInput); kFloat dequantises everything to f32.
  enum class Mode : uint8_t { kNative, kTwoTerms, kFloat };

  PackedWeights() = default;
  // `row_order`: for each output channel the row of `w` it takes, or empty for the file's order.
  static PackedWeights Pack(const TensorView& w, Mode mode, std::span<const uint32_t> row_order,
                            ThreadTeam& team);
  // What Pack has made of a matrix of `w`'s type and shape, taken from `packed`, which `owner`
  // keeps: PackedBytes() of them, aligned to 64.
  static PackedWeights FromPacked(const TensorView& w, Mode mode, std::span<const std::byte> packed,
                                  std::shared_ptr<const void> owner);
  static size_t PackedBytes(const TensorView& w, Mode mode);

  size_t n() const { return n_; }
  size_t k() const { return k_; }
  size_t bytes() const { return packed_.size(); }
  std::span<const std::byte> packed() const { return packed_; }
  bool wants_two_terms() const { return wants_two_terms_; }  // of its inputs; block formats only
  size_t num_groups() const { return (n_ + kernels::kGroupChannels - 1) / kernels::kGroupChannels; }
  const std::variant<kernels::PackedBlocks, kernels::PackedFloats>& view() const { return view_; }

 private:
  size_t n_ = 0;
  size_t k_ = 0;
  bool wants_two_terms_ = false;
  std::shared_ptr<const void> owner_;  // of the memory behind `packed_`
  std::span<const std::byte> packed_;
  std::variant<kernels::PackedBlocks, kernels::PackedFloats> view_;
};

// Room for the quantised form of one input of up to `max_rows` x `max_k`, both terms. The second is
// memory that is never touched where no product wants it.
class ActivationBuffer {
 public:
  ActivationBuffer() = default;
  ActivationBuffer(size_t max_rows, size_t max_k);
  static size_t BytesFor(size_t max_rows, size_t max_k);
  kernels::QuantizedRows first();
  kernels::QuantizedRows second();

 private:
  size_t scales_per_term_ = 0;
  size_t sums_per_term_ = 0;
  AlignedBuffer<int8_t> codes_;  // [2, max_rows, max_k]
  AlignedBuffer<float> scales_;  // [2, max_rows, max_k / 32]
  AlignedBuffer<int16_t> sums_;  // [2, max_rows, max_k / 16]
};

// One input X[M, K], row stride K, quantised at the first product that wants it so. Valid while x
// and the buffer are left alone.
//
// Two terms: x ~ s1 * c1 + s2 * c2, where c2 are the codes of what c1 leaves over,
// x - s1 * c1 (product and difference each rounded once). The product is that with the first term,
// then that with the second added to it: twice the work, and a rounding of activations some 250
// times finer.
class MatMulInput {
 public:
  MatMulInput(const kernels::KernelTable& kernels, ThreadTeam& team, const float* x, size_t m,
              size_t k, ActivationBuffer& buffer)
      : kernels_(kernels),
        team_(team),
        x_(x),
        m_(m),
        k_(k),
        first_(buffer.first()),
        second_(buffer.second()) {}

  size_t num_rows() const { return m_; }

  // y[M, ldy] = X W^T, or += with Store::kAdd.
  void Multiply(const PackedWeights& w, float* y, size_t ldy,
                kernels::Store store = kernels::Store::kAssign);

  // From here on only these rows, ascending. They move to the front of `x`, the input itself.
  void KeepRows(std::span<const uint32_t> rows, float* x);

 private:
  void Quantize();
  void QuantizeRemainder();
  void MultiplyBlocks(const kernels::PackedBlocks& blocks, const kernels::QuantizedRows& rows,
                      float* y, size_t ldy, kernels::Store store);

  const kernels::KernelTable& kernels_;
  ThreadTeam& team_;
  const float* x_;
  size_t m_;
  size_t k_;
  kernels::QuantizedRows first_;
  kernels::QuantizedRows second_;
  bool has_first_ = false;
  bool has_second_ = false;
};

}  // namespace rowmill
