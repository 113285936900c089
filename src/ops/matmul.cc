#include "ops/matmul.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

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

// How a matrix of a file's type is kept.
using PackedType = std::variant<kernels::BlockFormat, kernels::FloatType>;

PackedType PackedTypeOf(DType dtype, PackedWeights::Mode mode) {
  if (mode == PackedWeights::Mode::kFloat) return kernels::FloatType::kF32;
  if (const std::optional<kernels::BlockFormat> format = kernels::PackedFormatOf(dtype)) {
    return *format;
  }
  return FloatTypeOf(dtype);
}

size_t NumGroups(size_t n) { return (n + kernels::kGroupChannels - 1) / kernels::kGroupChannels; }

// Of one group of k inputs.
size_t GroupBytes(const PackedType& type, size_t k) {
  if (const auto* format = std::get_if<kernels::BlockFormat>(&type)) return format->group_bytes(k);
  const bool is_f32 = std::get<kernels::FloatType>(type) == kernels::FloatType::kF32;
  return k * kernels::kGroupChannels * (is_f32 ? 4 : 2);
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

size_t PackedWeights::PackedBytes(const TensorView& w, Mode mode) {
  const PackedType type = PackedTypeOf(w.dtype, mode);
  return NumGroups(w.rows()) * GroupBytes(type, w.cols());
}

PackedWeights PackedWeights::FromPacked(const TensorView& w, Mode mode,
                                        std::span<const std::byte> packed,
                                        std::shared_ptr<const void> owner) {
  CHECK(packed.size() == PackedBytes(w, mode));
  PackedWeights weights;
  weights.n_ = w.rows();
  weights.k_ = w.cols();
  weights.owner_ = std::move(owner);
  weights.packed_ = packed;
  const PackedType type = PackedTypeOf(w.dtype, mode);
  if (const auto* format = std::get_if<kernels::BlockFormat>(&type)) {
    weights.wants_two_terms_ = mode == Mode::kTwoTerms;
    weights.view_ = kernels::PackedBlocks{*format, w.rows(), w.cols(), packed.data()};
  } else {
    weights.view_ = kernels::PackedFloats{std::get<kernels::FloatType>(type), w.rows(), w.cols(),
                                          packed.data()};
  }
  return weights;
}

PackedWeights PackedWeights::Pack(const TensorView& w, Mode mode,
                                  std::span<const uint32_t> row_order, ThreadTeam& team) {
  CHECK(row_order.empty() || row_order.size() == w.rows());
  const uint32_t* order = row_order.empty() ? nullptr : row_order.data();
  const bool is_blocks = std::holds_alternative<kernels::BlockFormat>(PackedTypeOf(w.dtype, mode));
  const bool keeps_floats =
      w.dtype == DType::kF32 || w.dtype == DType::kF16 || w.dtype == DType::kBF16;
  const size_t num_groups = NumGroups(w.rows());
  auto memory = std::make_shared<AlignedBuffer<std::byte>>(PackedBytes(w, mode));
  const size_t group_bytes = num_groups == 0 ? 0 : memory->size() / num_groups;
  team.ParallelFor(num_groups, [&](size_t group, size_t) {
    std::byte* out = memory->data() + group * group_bytes;
    if (is_blocks) {
      kernels::PackBlockGroup(w, order, group, out);
    } else if (mode != Mode::kFloat && keeps_floats) {
      kernels::PackFloatGroup(w, order, group, out);
    } else {
      kernels::PackDequantizedGroup(w, order, group, out);
    }
  });
  const std::span<const std::byte> packed = memory->span();
  return FromPacked(w, mode, packed, std::move(memory));
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
