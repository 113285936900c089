#include "models/batch_attention.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "models/whole_attention.h"

namespace rowmill {
namespace {

constexpr uint32_t kNoRow = UINT32_MAX;

bool HasFloatKeys(const TokenBatch& batch) {
  return !batch.sequences.empty() && batch.sequences.front().kv->own->shape().type == KvType::kF32;
}

}  // namespace

BatchAttention::BatchAttention(const AttentionShape& shape, size_t max_tokens)
    : shape_(shape),
      states_(max_tokens * shape.num_heads * (shape.head_dim + kernels::kStateExtra)),
      row_queries_(shape.num_kv_heads),
      row_states_(shape.num_kv_heads) {}

size_t BatchAttention::BytesFor(const AttentionShape& shape, size_t max_tokens) {
  const size_t rows = max_tokens * shape.num_heads;
  // States, and two pointers and two limits per row for a typical two parts.
  return rows * ((shape.head_dim + kernels::kStateExtra) * sizeof(float) + 2 * 24);
}

void BatchAttention::Plan(const TokenBatch& batch, const float* queries, float* outputs) {
  batch_ = &batch;
  queries_ = queries;
  outputs_ = outputs;
  positions_.clear();
  for (const SequenceSpan& span : batch.sequences) {
    CHECK(span.kv->length + span.token_count <= span.kv->capacity());
    for (uint32_t i = 0; i < span.token_count; ++i) positions_.push_back(span.kv->length + i);
  }
  CHECK(positions_.size() == batch.tokens.size());
  query_positions_ = positions_;
  query_row_.resize(positions_.size());
  std::iota(query_row_.begin(), query_row_.end(), 0u);
  BuildGroups();
}

void BatchAttention::KeepQueries(std::span<const uint32_t> tokens) {
  std::fill(query_row_.begin(), query_row_.end(), kNoRow);
  query_positions_.clear();
  for (const uint32_t token : tokens) {
    CHECK(token < query_row_.size());
    query_row_[token] = static_cast<uint32_t>(query_positions_.size());
    query_positions_.push_back(positions_[token]);
  }
  BuildGroups();
}

void BatchAttention::BuildGroups() {
  const TokenBatch& batch = *batch_;
  groups_.clear();
  row_begin_.clear();
  row_end_.clear();
  window_begin_.clear();
  window_end_.clear();
  for (size_t head = 0; head < shape_.num_kv_heads; ++head) {
    row_queries_[head].clear();
    row_states_[head].clear();
  }
  size_t num_levels = 0;
  for (const SequenceSpan& span : batch.sequences) {
    num_levels = std::max(num_levels, span.kv->shared.size());
  }

  // Shared parts: sequences that have the same part at the same level form a group. Ordered by the
  // first sequence that has it, so nothing depends on addresses.
  const auto append_asking = [&](const SequenceSpan& span, std::vector<uint32_t>& tokens) {
    for (uint32_t token = span.token_begin; token < span.token_begin + span.token_count; ++token) {
      if (query_row_[token] != kNoRow) tokens.push_back(token);
    }
  };
  std::vector<uint32_t> tokens;
  for (size_t level = 0; level < num_levels; ++level) {
    std::vector<bool> grouped(batch.sequences.size(), false);
    uint32_t first_position = 0;
    for (size_t s = 0; s < batch.sequences.size(); ++s) {
      const KvSequence& kv = *batch.sequences[s].kv;
      if (grouped[s] || kv.shared.size() <= level) continue;
      const KvPart& part = kv.shared[level];
      first_position = 0;
      for (size_t before = 0; before < level; ++before) {
        first_position += kv.shared[before].num_blocks * kernels::kKeyBlock;
      }
      tokens.clear();
      for (size_t t = s; t < batch.sequences.size(); ++t) {
        const KvSequence& other = *batch.sequences[t].kv;
        if (grouped[t] || other.shared.size() <= level ||
            other.shared[level].segment != part.segment ||
            other.shared[level].num_blocks != part.num_blocks) {
          continue;
        }
        grouped[t] = true;
        append_asking(batch.sequences[t], tokens);
      }
      AddGroup(part.segment, part.num_blocks, level, tokens, first_position);
    }
  }
  for (const SequenceSpan& span : batch.sequences) {
    tokens.clear();
    append_asking(span, tokens);
    const size_t blocks = BlocksFor(span.kv->own_length() + span.token_count);
    AddGroup(span.kv->own, blocks, num_levels, tokens, span.kv->shared_length);
  }
}

void BatchAttention::AddGroup(const KvSegment* segment, size_t num_blocks, size_t level,
                              const std::vector<uint32_t>& tokens, uint32_t first_position) {
  if (tokens.empty()) return;
  const size_t heads_per_group = shape_.num_heads / shape_.num_kv_heads;
  const size_t d = shape_.head_dim;
  const size_t state_size = d + kernels::kStateExtra;
  const auto part_length = static_cast<uint32_t>(num_blocks * kernels::kKeyBlock);
  groups_.push_back(
      {segment, num_blocks, level, row_end_.size(), tokens.size() * heads_per_group, 0});
  // The window of a token begins at this key of the part, perhaps beyond its end.
  const auto window_begin = [&](uint32_t token) {
    const uint32_t seen = positions_[token] + 1;
    const uint32_t from = seen > shape_.window ? seen - shape_.window : 0;
    return std::min(from > first_position ? from - first_position : 0, part_length);
  };
  uint32_t skipped = 0;  // keys in blocks that no window reaches
  if (shape_.window > 0) {
    skipped = part_length;
    for (uint32_t token : tokens) skipped = std::min(skipped, window_begin(token));
    groups_.back().window_block = skipped / kernels::kKeyBlock;
    skipped = static_cast<uint32_t>(groups_.back().window_block * kernels::kKeyBlock);
  }
  for (uint32_t token : tokens) {
    const uint32_t visible = std::min(positions_[token] + 1 - first_position, part_length);
    for (size_t g = 0; g < heads_per_group; ++g) {
      row_begin_.push_back(0);
      row_end_.push_back(visible);
      if (shape_.window > 0) {
        window_begin_.push_back(window_begin(token) - skipped);
        window_end_.push_back(visible - skipped);
      }
      for (size_t kv_head = 0; kv_head < shape_.num_kv_heads; ++kv_head) {
        const size_t head = query_row_[token] * shape_.num_heads + kv_head * heads_per_group + g;
        row_queries_[kv_head].push_back(queries_ + head * d);
        row_states_[kv_head].push_back(states_.data() + head * state_size);
      }
    }
  }
}

void BatchAttention::StoreKeyValues(const kernels::KernelTable& kernels, ThreadTeam& team,
                                    size_t layer, const float* keys, const float* values) {
  const size_t d = shape_.head_dim;
  const size_t block_elements = d * kernels::kKeyBlock;
  const bool is_float = HasFloatKeys(*batch_);
  team.ParallelFor(batch_->sequences.size(), [&](size_t s, size_t) {
    if (is_float) return StoreFloats(s, layer, keys, values);
    const SequenceSpan& span = batch_->sequences[s];
    KvSegment& own = *span.kv->own;
    for (uint32_t i = 0; i < span.token_count; ++i) {
      const size_t token = span.token_begin + i;
      const size_t position = span.kv->own_length() + i;
      const size_t block = position / kernels::kKeyBlock;
      const size_t slot = position % kernels::kKeyBlock;
      for (size_t head = 0; head < shape_.num_kv_heads; ++head) {
        const size_t offset = (token * shape_.num_kv_heads + head) * d;
        kernels.store_kv(keys + offset, values + offset, d, slot,
                         own.keys<uint16_t>(layer, head) + block * block_elements,
                         own.values<uint16_t>(layer, head) + block * block_elements);
      }
    }
  });
}

void BatchAttention::StoreFloats(size_t sequence, size_t layer, const float* keys,
                                 const float* values) const {
  const size_t d = shape_.head_dim;
  const SequenceSpan& span = batch_->sequences[sequence];
  KvSegment& own = *span.kv->own;
  for (uint32_t i = 0; i < span.token_count; ++i) {
    const size_t position = span.kv->own_length() + i;
    for (size_t head = 0; head < shape_.num_kv_heads; ++head) {
      const size_t offset = ((span.token_begin + i) * shape_.num_kv_heads + head) * d;
      float* key = own.keys<float>(layer, head) + PackedKeyOffset(position, d);
      for (size_t j = 0; j < d; ++j) key[j * kKeyGroup] = keys[offset + j];
      std::copy_n(values + offset, d, own.values<float>(layer, head) + position * d);
    }
  }
}

void BatchAttention::RunFloats(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer,
                               AttentionReach reach) {
  scratch_.resize(std::max(scratch_.size(), team.num_threads()));
  team.ParallelFor(batch_->sequences.size() * shape_.num_kv_heads, [&](size_t task, size_t worker) {
    AttendSequence(kernels, batch_->sequences[task / shape_.num_kv_heads],
                   {layer, task % shape_.num_kv_heads}, reach, scratch_[worker]);
  });
}

void BatchAttention::AttendSequence(const kernels::KernelTable& kernels, const SequenceSpan& span,
                                    std::pair<size_t, size_t> layer_and_head, AttentionReach reach,
                                    WholeScratch& scratch) {
  const auto [layer, kv_head] = layer_and_head;
  const size_t d = shape_.head_dim;
  const size_t heads_per_group = shape_.num_heads / shape_.num_kv_heads;
  const KvSequence& kv = *span.kv;
  const float* keys = kv.own->keys<float>(layer, kv_head);
  const float* values = kv.own->values<float>(layer, kv_head);
  if (!kv.shared.empty()) {
    scratch.keys.clear();
    scratch.values.clear();
    const auto append = [&](const KvSegment& segment, size_t num_blocks) {
      const size_t count = num_blocks * kernels::kKeyBlock * d;
      const float* from_keys = segment.keys<float>(layer, kv_head);
      const float* from_values = segment.values<float>(layer, kv_head);
      scratch.keys.insert(scratch.keys.end(), from_keys, from_keys + count);
      scratch.values.insert(scratch.values.end(), from_values, from_values + count);
    };
    for (const KvPart& part : kv.shared) append(*part.segment, part.num_blocks);
    append(*kv.own, BlocksFor(kv.own_length() + span.token_count));
    keys = scratch.keys.data();
    values = scratch.values.data();
  }
  for (uint32_t token = span.token_begin; token < span.token_begin + span.token_count; ++token) {
    if (query_row_[token] == kNoRow) continue;
    const size_t end = positions_[token] + 1;
    const bool is_cut = reach == AttentionReach::kWindow && end > shape_.window;
    const size_t begin = is_cut ? end - shape_.window : 0;
    // Groups are not cut: what stands in front of the window gets a weight of at most e^-87.
    const size_t first = begin / kKeyGroup * kKeyGroup;
    const size_t num_keys = end - first;
    const float* bias = nullptr;
    if (begin > first) {
      scratch.bias.assign(num_keys, 0.0f);
      std::fill_n(scratch.bias.begin(), begin - first, -std::numeric_limits<float>::infinity());
      bias = scratch.bias.data();
    }
    scratch.weights.resize(
        std::max(scratch.weights.size(), kernels::kAttendWholeRows * PaddedKeys(num_keys)));
    const size_t offset = (query_row_[token] * shape_.num_heads + kv_head * heads_per_group) * d;
    kernels.attend_whole({queries_ + offset, d, heads_per_group, keys + first * d,
                          values + first * d, d, num_keys, d, scratch.weights.data(),
                          outputs_ + offset, d, bias, 0});
  }
}

void BatchAttention::Run(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer,
                         AttentionReach reach) {
  const bool windowed = reach == AttentionReach::kWindow;
  CHECK(!windowed || shape_.window > 0);
  if (HasFloatKeys(*batch_)) return RunFloats(kernels, team, layer, reach);
  const size_t d = shape_.head_dim;
  const size_t state_size = d + kernels::kStateExtra;
  const size_t num_heads = shape_.num_heads;
  const size_t heads_per_group = num_heads / shape_.num_kv_heads;
  const size_t num_queries = query_positions_.size();
  // One task per key/value head: its slice of a part is read by all of its rows while it is in
  // cache, and the fold over a row's parts stays within one task, in order.
  team.ParallelFor(shape_.num_kv_heads, [&](size_t kv_head, size_t) {
    for (size_t row = 0; row < num_queries; ++row) {
      for (size_t g = 0; g < heads_per_group; ++g) {
        float* state =
            states_.data() + (row * num_heads + kv_head * heads_per_group + g) * state_size;
        std::fill(state, state + state_size - 1, 0.0f);
        state[state_size - 1] = -std::numeric_limits<float>::infinity();
      }
    }
    // Blocks before a window are left out altogether: a row folds only blocks that it sees, so
    // that this changes no bit.
    const std::vector<uint32_t>& begin = windowed ? window_begin_ : row_begin_;
    const std::vector<uint32_t>& end = windowed ? window_end_ : row_end_;
    for (const Group& group : groups_) {
      const size_t first_block = windowed ? group.window_block : 0;
      if (first_block == group.num_blocks) continue;
      const size_t offset = first_block * d * kernels::kKeyBlock;
      kernels.attend({group.segment->keys<uint16_t>(layer, kv_head) + offset,
                      group.segment->values<uint16_t>(layer, kv_head) + offset,
                      group.num_blocks - first_block, d, group.num_rows,
                      row_queries_[kv_head].data() + group.row_begin,
                      row_states_[kv_head].data() + group.row_begin, begin.data() + group.row_begin,
                      end.data() + group.row_begin});
    }
    for (size_t row = 0; row < num_queries; ++row) {
      for (size_t g = 0; g < heads_per_group; ++g) {
        const size_t head = row * num_heads + kv_head * heads_per_group + g;
        const float* state = states_.data() + head * state_size;
        float* out = outputs_ + head * d;
        kernels.attend_finish(&state, &out, 1, d);
      }
    }
  });
}

}  // namespace rowmill
