#include "models/workspace.h"

#include <algorithm>

namespace rowmill {
namespace {

size_t WidestInput(const WorkspaceShape& shape) {
  return std::max({shape.model_dim, shape.num_heads * shape.head_dim, shape.ffn_dim});
}

AttentionShape AttentionShapeOf(const WorkspaceShape& shape) {
  return {shape.num_heads, shape.num_kv_heads, shape.head_dim, shape.attention_window};
}

}  // namespace

Workspace::Workspace(const WorkspaceShape& shape, size_t max_tokens)
    : x(max_tokens * shape.model_dim),
      normed(max_tokens * shape.model_dim),
      q(max_tokens * shape.num_heads * shape.head_dim),
      k(max_tokens * shape.num_kv_heads * shape.head_dim),
      v(max_tokens * shape.num_kv_heads * shape.head_dim),
      attended(max_tokens * shape.num_heads * shape.head_dim),
      gate(max_tokens * shape.ffn_dim),
      up(max_tokens * shape.ffn_dim),
      logits(kLogitRows * shape.vocab_size),
      activations(std::max(max_tokens, kLogitRows), WidestInput(shape)),
      attention(AttentionShapeOf(shape), max_tokens),
      shape_(shape),
      max_tokens_(max_tokens) {}

size_t Workspace::BytesFor(const WorkspaceShape& shape, size_t max_tokens) {
  const size_t floats_per_token = 2 * shape.model_dim + 2 * shape.ffn_dim +
                                  2 * (shape.num_heads + shape.num_kv_heads) * shape.head_dim;
  return max_tokens * floats_per_token * sizeof(float) +
         kLogitRows * shape.vocab_size * sizeof(float) +
         ActivationBuffer::BytesFor(std::max(max_tokens, kLogitRows), WidestInput(shape)) +
         BatchAttention::BytesFor(AttentionShapeOf(shape), max_tokens);
}

}  // namespace rowmill
