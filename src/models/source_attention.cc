#include "models/source_attention.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace rowmill {

SourceAttention::SourceAttention(size_t num_heads, size_t head_dim, size_t max_tokens)
    : num_heads_(num_heads),
      head_dim_(head_dim),
      states_(max_tokens * num_heads * (head_dim + kernels::kStateExtra)) {}

size_t SourceAttention::BytesFor(size_t num_heads, size_t head_dim, size_t max_tokens) {
  return max_tokens * num_heads *
         ((head_dim + kernels::kStateExtra) * sizeof(float) + 3 * sizeof(float*));
}

void SourceAttention::Plan(std::span<const EncodedSource* const> sources, const float* queries,
                           float* outputs) {
  const size_t num_tokens = sources.size();
  const size_t state_size = head_dim_ + kernels::kStateExtra;
  CHECK(num_tokens * num_heads_ * state_size <= states_.size());
  groups_.clear();
  for (size_t token = 0; token < num_tokens; ++token) {
    CHECK(sources[token]->length >= 1);
    if (!groups_.empty() && groups_.back().source == sources[token]) {
      ++groups_.back().count;
    } else {
      groups_.push_back({sources[token], token, 1});
    }
  }
  queries_.clear();
  state_rows_.clear();
  outputs_.clear();
  for (size_t head = 0; head < num_heads_; ++head) {
    for (size_t token = 0; token < num_tokens; ++token) {
      const size_t row = token * num_heads_ + head;
      queries_.push_back(queries + row * head_dim_);
      state_rows_.push_back(states_.data() + row * state_size);
      outputs_.push_back(outputs + row * head_dim_);
    }
  }
  visible_begin_.assign(num_tokens, 0);
  visible_end_.resize(num_tokens);
  for (size_t token = 0; token < num_tokens; ++token) visible_end_[token] = sources[token]->length;
}

void SourceAttention::Run(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer) {
  const size_t num_tokens = visible_end_.size();
  const size_t state_size = head_dim_ + kernels::kStateExtra;
  team.ParallelFor(groups_.size() * num_heads_, [&](size_t task, size_t) {
    const Group& group = groups_[task / num_heads_];
    const size_t head = task % num_heads_;
    const size_t first = head * num_tokens + group.begin;
    for (size_t i = 0; i < group.count; ++i) {
      float* state = state_rows_[first + i];
      std::fill(state, state + state_size - 1, 0.0f);
      state[state_size - 1] = -std::numeric_limits<float>::infinity();
    }
    const KvSegment& segment = *group.source->keys_values;
    kernels.attend({segment.keys<uint16_t>(layer, head), segment.values<uint16_t>(layer, head),
                    BlocksFor(group.source->length), head_dim_, group.count,
                    queries_.data() + first, state_rows_.data() + first,
                    visible_begin_.data() + group.begin, visible_end_.data() + group.begin});
    kernels.attend_finish(state_rows_.data() + first, outputs_.data() + first, group.count,
                          head_dim_);
  });
}

void StoreSource(const kernels::KernelTable& kernels, ThreadTeam& team, const SourceLayer& from,
                 const EncodedSource& source) {
  const KvShape& shape = source.keys_values->shape();
  CHECK(BlocksFor(source.length) <= source.keys_values->capacity_blocks());
  const size_t d = shape.head_dim;
  const size_t width = shape.num_kv_heads * d;
  team.ParallelFor(shape.num_kv_heads, [&](size_t head, size_t) {
    uint16_t* keys = source.keys_values->keys<uint16_t>(from.layer, head);
    uint16_t* values = source.keys_values->values<uint16_t>(from.layer, head);
    for (size_t position = 0; position < source.length; ++position) {
      const size_t block = position / kernels::kKeyBlock * d * kernels::kKeyBlock;
      const size_t offset = position * width + head * d;
      kernels.store_kv(from.keys + offset, from.values + offset, d, position % kernels::kKeyBlock,
                       keys + block, values + block);
    }
  });
}

}  // namespace rowmill
