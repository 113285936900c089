#include "ops/matmul.h"

#include <algorithm>

#include "base/check.h"
#include "kernels/pack.h"

namespace rowmill {
namespace {

// Groups of 16 channels that one task of a team takes: small enough to balance 12 groups (a
// 192-wide key projection) over four threads, large enough that taking a task costs nothing beside
// it.
constexpr size_t kGroupsPerTask = 4;

kernels::FloatType FloatTypeOf(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return kernels::FloatType::kF16;
    case DType::kBF16:
      return kernels::FloatType::kBF16;
    default:
      return kernels::FloatType::kF32;
  }
}

}  // namespace

PackedWeights PackedWeights::Pack(const TensorView& w, Mode mode,
                                  std::span<const uint32_t> row_order, ThreadTeam& team) {
  PackedWeights packed;
  packed.n_ = w.rows();
  packed.k_ = w.cols();
  CHECK(row_order.empty() || row_order.size() == packed.n_);
  const uint32_t* order = row_order.empty() ? nullptr : row_order.data();
  const size_t num_groups = packed.num_groups();
  const std::optional<kernels::BlockFormat> format =
      mode == Mode::kFloat ? std::nullopt : kernels::PackedFormatOf(w.dtype);
  const bool keeps_floats =
      w.dtype == DType::kF32 || w.dtype == DType::kF16 || w.dtype == DType::kBF16;
  const kernels::FloatType float_type =
      mode == Mode::kFloat ? kernels::FloatType::kF32 : FloatTypeOf(w.dtype);
  const size_t element_bytes = float_type == kernels::FloatType::kF32 ? 4 : 2;
  const size_t group_bytes =
      format ? format->group_bytes(packed.k_) : packed.k_ * kernels::kGroupChannels * element_bytes;
  packed.memory_ = AlignedBuffer<std::byte>(num_groups * group_bytes);
  std::byte* data = packed.memory_.data();
  team.ParallelFor(num_groups, [&](size_t group, size_t) {
    std::byte* out = data + group * group_bytes;
    if (format) {
      kernels::PackBlockGroup(w, order, group, out);
    } else if (mode == Mode::kNative && keeps_floats) {
      kernels::PackFloatGroup(w, order, group, out);
    } else {
      kernels::PackDequantizedGroup(w, order, group, out);
    }
  });
  if (format) {
    packed.view_ = kernels::PackedBlocks{*format, packed.n_, packed.k_, data};
  } else {
    packed.view_ = kernels::PackedFloats{float_type, packed.n_, packed.k_, data};
  }
  return packed;
}

ActivationBuffer::ActivationBuffer(size_t max_rows, size_t max_k)
    : codes_(max_rows * max_k),
      scales_(max_rows * (max_k / kernels::kBlockK + 1)),
      sums_(max_rows * (max_k / 16 + 1)) {}

size_t ActivationBuffer::BytesFor(size_t max_rows, size_t max_k) {
  return max_rows * (max_k + 4 * (max_k / kernels::kBlockK + 1) + 2 * (max_k / 16 + 1));
}

kernels::QuantizedRows ActivationBuffer::rows() {
  return {codes_.data(), scales_.data(), sums_.data()};
}

void MatMulInput::Quantize() {
  if (quantized_) return;
  // Rows are independent, so a team quantises slices of them.
  constexpr size_t kRowsPerTask = 16;
  const size_t num_tasks = (m_ + kRowsPerTask - 1) / kRowsPerTask;
  team_.ParallelFor(num_tasks, [&](size_t task, size_t) {
    const size_t begin = task * kRowsPerTask;
    const size_t count = std::min(kRowsPerTask, m_ - begin);
    const kernels::QuantizedRows slice = {rows_.codes + begin * k_,
                                          rows_.scales + begin * (k_ / kernels::kBlockK),
                                          rows_.sums + begin * (k_ / 16)};
    kernels_.quantize_rows(x_ + begin * k_, count, k_, slice);
  });
  quantized_ = true;
}

void MatMulInput::Multiply(const PackedWeights& w, float* y, size_t ldy, kernels::Store store) {
  CHECK(w.k() == k_ && ldy >= w.n());
  const size_t num_groups = w.num_groups();
  // A team of one takes all groups in one call, so the kernel may block as it likes.
  const size_t groups_per_task = team_.num_threads() == 1 ? num_groups : kGroupsPerTask;
  const size_t num_tasks = (num_groups + groups_per_task - 1) / groups_per_task;
  if (const auto* blocks = std::get_if<kernels::PackedBlocks>(&w.view())) {
    Quantize();
    team_.ParallelFor(num_tasks, [&](size_t task, size_t) {
      const size_t begin = task * groups_per_task;
      const size_t end = std::min(begin + groups_per_task, num_groups);
      kernels_.gemm_blocks({blocks, &rows_, m_, begin, end, y, ldy, store});
    });
    return;
  }
  const auto& floats = std::get<kernels::PackedFloats>(w.view());
  team_.ParallelFor(num_tasks, [&](size_t task, size_t) {
    const size_t begin = task * groups_per_task;
    const size_t end = std::min(begin + groups_per_task, num_groups);
    kernels_.gemm_floats({&floats, x_, k_, m_, begin, end, y, ldy, store});
  });
}

}  // namespace rowmill
