#include "models/quantized_attention.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace rowmill {
namespace {

// Scores that are held at a time: 48 rows over 1,504 positions are 288 KB, which lie in L2.
constexpr size_t kRowsAtATime = 48;

constexpr kernels::BlockFormat kFormat = {.code_bits = kernels::CodeBits::k8,
                                          .scale_type = kernels::ScaleType::kF32,
                                          .has_minimum = kernels::HasMinimum::kNo,
                                          .block_k = kernels::kBlockK,
                                          .zero_point = 128};

size_t Padded(size_t length) {
  return (length + kernels::kBlockK - 1) / kernels::kBlockK * kernels::kBlockK;
}

size_t PackedBytes(size_t n, size_t k) {
  return (n + kernels::kGroupChannels - 1) / kernels::kGroupChannels * kFormat.group_bytes(k);
}

// Rows [n, k] of codes and scales as the weights of a product; channels behind the last are zeros.
kernels::PackedBlocks PackRows(const kernels::QuantizedRows& rows, size_t n, size_t k,
                               std::byte* out) {
  constexpr size_t kGroup = kernels::kGroupChannels;
  constexpr size_t kBlock = kernels::kBlockK;
  const size_t num_blocks = k / kBlock;
  std::byte* to = out;
  for (size_t first = 0; first < n; first += kGroup) {
    for (size_t b = 0; b < num_blocks; ++b, to += kFormat.block_bytes()) {
      float scales[kGroup] = {};
      // Byte 4 c + j of vector z is channel c, input 4 z + j.
      for (size_t c = 0; c < kGroup; ++c) {
        const bool is_there = first + c < n;
        uint32_t words[kBlock / 4];
        if (is_there) {
          std::memcpy(words, rows.codes + (first + c) * k + b * kBlock, kBlock);
          scales[c] = rows.scales[(first + c) * num_blocks + b];
        } else {
          std::fill(std::begin(words), std::end(words), 0u);
        }
        for (size_t z = 0; z < kBlock / 4; ++z) {
          const uint32_t biased = words[z] ^ 0x80808080u;  // 128 more
          std::memcpy(to + z * 4 * kGroup + 4 * c, &biased, sizeof(biased));
        }
      }
      std::memcpy(to + kGroup * kBlock, scales, sizeof(scales));
    }
  }
  return {kFormat, n, k, out};
}

}  // namespace

QuantizedAttention::Head::Head(size_t max_length, size_t head_dim)
    : rows(Padded(max_length) * head_dim),
      query_codes(max_length, head_dim),
      other_codes(
          std::max(max_length * head_dim, std::max(head_dim, kRowsAtATime) * Padded(max_length)) /
                  kernels::kBlockK +
              1,
          kernels::kBlockK),
      keys(PackedBytes(max_length, head_dim)),
      values(PackedBytes(head_dim, Padded(max_length))),
      scores(kRowsAtATime * Padded(max_length)),
      sums(kRowsAtATime),
      y(kRowsAtATime * head_dim) {}

QuantizedAttention::QuantizedAttention(size_t max_length, size_t head_dim, size_t num_threads)
    : head_dim_(head_dim) {
  CHECK(Fits(head_dim));
  for (size_t i = 0; i < num_threads; ++i) heads_.emplace_back(max_length, head_dim);
}

size_t QuantizedAttention::BytesFor(size_t max_length, size_t head_dim, size_t num_threads) {
  const size_t padded = Padded(max_length);
  const size_t codes = std::max(head_dim, kRowsAtATime) * padded;
  return num_threads * ((padded + kRowsAtATime) * head_dim * sizeof(float) +
                        ActivationBuffer::BytesFor(max_length, head_dim) +
                        ActivationBuffer::BytesFor(codes / kernels::kBlockK + 1, kernels::kBlockK) +
                        PackedBytes(max_length, head_dim) + PackedBytes(head_dim, padded) +
                        kRowsAtATime * (padded + 1) * sizeof(float));
}

void QuantizedAttention::Run(const kernels::KernelTable& kernels, const EncoderShape& shape,
                             size_t length, EncoderWorkspace& ws, ThreadTeam& team) {
  CHECK(shape.head_dim == head_dim_);
  const size_t d = head_dim_;
  const size_t width = shape.num_heads * d;
  const size_t padded = Padded(length);
  team.ParallelFor(shape.num_heads, [&](size_t index, size_t worker) {
    Head& head = heads_[worker];
    float* rows = head.rows.data();
    const auto take_head = [&](const float* from) {
      for (size_t i = 0; i < length; ++i) {
        std::memcpy(rows + i * d, from + i * width + index * d, d * sizeof(float));
      }
    };
    take_head(ws.q.data());
    const kernels::QuantizedRows queries = head.query_codes.first();
    kernels.quantize_rows(rows, length, d, queries);
    take_head(ws.k.data());
    const kernels::QuantizedRows codes = head.other_codes.first();
    kernels.quantize_rows(rows, length, d, codes);
    const kernels::PackedBlocks keys = PackRows(codes, length, d, head.keys.data());
    for (size_t i = 0; i < d; ++i) {
      const float* from = ws.v.data() + index * d + i;
      for (size_t j = 0; j < length; ++j) rows[i * padded + j] = from[j * width];
      std::fill(rows + i * padded + length, rows + (i + 1) * padded, 0.0f);
    }
    kernels.quantize_rows(rows, d, padded, codes);
    const kernels::PackedBlocks values = PackRows(codes, d, padded, head.values.data());
    const auto num_groups = [](size_t n) {
      return (n + kernels::kGroupChannels - 1) / kernels::kGroupChannels;
    };

    float* scores = head.scores.data();
    // The weights of keys that are not there.
    for (size_t row = 0; row < kRowsAtATime; ++row) {
      std::fill(scores + row * padded + length, scores + (row + 1) * padded, 0.0f);
    }
    for (size_t begin = 0; begin < length; begin += kRowsAtATime) {
      const size_t count = std::min(kRowsAtATime, length - begin);
      const kernels::QuantizedRows part = {queries.codes + begin * d,
                                           queries.scales + begin * (d / kernels::kBlockK),
                                           queries.sums + begin * (d / 16)};
      kernels.gemm_blocks(
          {&keys, &part, count, 0, num_groups(length), scores, padded, kernels::Store::kAssign});
      kernels.weigh_keys(scores, padded, count, length, head.sums.data());
      kernels.quantize_rows(scores, count, padded, codes);
      kernels.gemm_blocks(
          {&values, &codes, count, 0, num_groups(d), head.y.data(), d, kernels::Store::kAssign});
      for (size_t row = 0; row < count; ++row) {
        const float sum = head.sums[row];
        float* out = ws.attended.data() + (begin + row) * width + index * d;
        for (size_t i = 0; i < d; ++i) out[i] = head.y[row * d + i] / sum;
      }
    }
  });
}

}  // namespace rowmill
