#include "ops/matmul.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/function_ref.h"
#include "kernels/pack.h"

namespace rowmill {
namespace {

// Groups of 16 channels that one task of a team takes: small enough to balance 12 groups (a
// 192-wide key projection) over four threads, large enough that taking a task costs nothing beside
// it.
constexpr size_t kGroupsPerTask = 4;

// Rows of an input that one task quantises; they are independent of each other.
constexpr size_t kRowsPerTask = 16;

// The rows from their `value`th value on, a multiple of 32.
kernels::QuantizedRows From(const kernels::QuantizedRows& rows, size_t value) {
  return {rows.codes + value, rows.scales + value / kernels::kBlockK, rows.sums + value / 16};
}

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

// Calls work(begin, end) over the groups of `n` output channels, split over the team. A team of one
// takes all groups in one call, so the kernel may block as it likes.
void ForTasksOfGroups(size_t n, ThreadTeam& team, FunctionRef<void(size_t, size_t)> work) {
  const size_t num_groups = (n + kernels::kGroupChannels - 1) / kernels::kGroupChannels;
  const size_t groups_per_task = team.num_threads() == 1 ? num_groups : kGroupsPerTask;
  const size_t num_tasks = (num_groups + groups_per_task - 1) / groups_per_task;
  team.ParallelFor(num_tasks, [&](size_t task, size_t) {
    const size_t begin = task * groups_per_task;
    work(begin, std::min(begin + groups_per_task, num_groups));
  });
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
    } else if (mode != Mode::kFloat && keeps_floats) {
      kernels::PackFloatGroup(w, order, group, out);
    } else {
      kernels::PackDequantizedGroup(w, order, group, out);
    }
  });
  if (format) {
    packed.wants_two_terms_ = mode == Mode::kTwoTerms;
    packed.view_ = kernels::PackedBlocks{*format, packed.n_, packed.k_, data};
  } else {
    packed.view_ = kernels::PackedFloats{float_type, packed.n_, packed.k_, data};
  }
  return packed;
}

ActivationBuffer::ActivationBuffer(size_t max_rows, size_t max_k)
    : scales_per_term_(max_rows * (max_k / kernels::kBlockK + 1)),
      sums_per_term_(max_rows * (max_k / 16 + 1)),
      codes_(2 * max_rows * max_k),
      scales_(2 * scales_per_term_),
      sums_(2 * sums_per_term_) {}

size_t ActivationBuffer::BytesFor(size_t max_rows, size_t max_k) {
  return 2 * max_rows * (max_k + 4 * (max_k / kernels::kBlockK + 1) + 2 * (max_k / 16 + 1));
}

kernels::QuantizedRows ActivationBuffer::first() {
  return {codes_.data(), scales_.data(), sums_.data()};
}

kernels::QuantizedRows ActivationBuffer::second() {
  return {codes_.data() + codes_.size() / 2, scales_.data() + scales_per_term_,
          sums_.data() + sums_per_term_};
}

void MatMulInput::Quantize() {
  if (has_first_) return;
  const size_t num_tasks = (m_ + kRowsPerTask - 1) / kRowsPerTask;
  team_.ParallelFor(num_tasks, [&](size_t task, size_t) {
    const size_t begin = task * kRowsPerTask;
    const size_t count = std::min(kRowsPerTask, m_ - begin);
    kernels_.quantize_rows(x_ + begin * k_, count, k_, From(first_, begin * k_));
  });
  has_first_ = true;
}

void MatMulInput::QuantizeRemainder() {
  if (has_second_) return;
  const size_t num_tasks = (m_ + kRowsPerTask - 1) / kRowsPerTask;
  team_.ParallelFor(num_tasks, [&](size_t task, size_t) {
    const size_t begin = task * kRowsPerTask;
    const size_t end = std::min(begin + kRowsPerTask, m_);
    for (size_t row = begin; row < end; ++row) {
      const kernels::QuantizedRows coarse = From(first_, row * k_);
      const kernels::QuantizedRows fine = From(second_, row * k_);
      // In pieces that fit the stack; blocks of 32 inputs know nothing of each other.
      std::array<float, 16 * kernels::kBlockK> remainder;
      for (size_t piece = 0; piece < k_; piece += remainder.size()) {
        const size_t count = std::min(remainder.size(), k_ - piece);
        for (size_t i = 0; i < count; ++i) {
          const size_t column = piece + i;
          remainder[i] = x_[row * k_ + column] - coarse.scales[column / kernels::kBlockK] *
                                                     static_cast<float>(coarse.codes[column]);
        }
        kernels_.quantize_rows(remainder.data(), 1, count, From(fine, piece));
      }
    }
  });
  has_second_ = true;
}

void MatMulInput::MultiplyBlocks(const kernels::PackedBlocks& blocks,
                                 const kernels::QuantizedRows& rows, float* y, size_t ldy,
                                 kernels::Store store) {
  ForTasksOfGroups(blocks.n, team_, [&](size_t begin, size_t end) {
    kernels_.gemm_blocks({&blocks, &rows, m_, begin, end, y, ldy, store});
  });
}

void MatMulInput::KeepRows(std::span<const uint32_t> rows, float* x) {
  CHECK(x == x_ && rows.size() <= m_);
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row] != row) std::copy_n(x + rows[row] * k_, k_, x + row * k_);
  }
  m_ = rows.size();
  // Few are left: quantised again, with the same codes, since rows do not depend on each other.
  has_first_ = has_second_ = false;
}

void MatMulInput::Multiply(const PackedWeights& w, float* y, size_t ldy, kernels::Store store) {
  CHECK(w.k() == k_ && ldy >= w.n());
  if (const auto* blocks = std::get_if<kernels::PackedBlocks>(&w.view())) {
    Quantize();
    MultiplyBlocks(*blocks, first_, y, ldy, store);
    if (w.wants_two_terms()) {
      QuantizeRemainder();
      MultiplyBlocks(*blocks, second_, y, ldy, kernels::Store::kAdd);
    }
    return;
  }
  const auto& floats = std::get<kernels::PackedFloats>(w.view());
  ForTasksOfGroups(floats.n, team_, [&](size_t begin, size_t end) {
    kernels_.gemm_floats({&floats, x_, k_, m_, begin, end, y, ldy, store});
  });
}

}  // namespace rowmill
