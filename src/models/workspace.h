// Activations of one step, allocated once per execution unit for the largest batch it will see. The
// model says what it needs in a WorkspaceShape; the unit owns the memory.
//
// Shapes: T max_tokens, D model_dim, H num_heads, K num_kv_heads, d head_dim, F ffn_dim, V
// vocab_size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "models/batch_attention.h"
#include "models/phase_times.h"
#include "ops/matmul.h"

namespace rowmill {

struct WorkspaceShape {
  size_t model_dim = 0;
  size_t num_heads = 0;
  size_t num_kv_heads = 0;
  size_t head_dim = 0;
  size_t ffn_dim = 0;
  size_t vocab_size = 0;
  uint32_t attention_window = 0;  // AttentionShape::window
};

// Outputs whose logits are held at a time: 32 rows use the head's weights well and are 6 MB at V =
// 49152.
inline constexpr size_t kLogitRows = 32;

class Workspace {
 public:
  Workspace(const WorkspaceShape& shape, size_t max_tokens);
  static size_t BytesFor(const WorkspaceShape& shape, size_t max_tokens);

  const WorkspaceShape& shape() const { return shape_; }
  size_t max_tokens() const { return max_tokens_; }

  AlignedBuffer<float> x;         // [T, D]  residual stream
  AlignedBuffer<float> normed;    // [T, D]
  AlignedBuffer<float> q;         // [T, H * d]
  AlignedBuffer<float> k;         // [T, K * d]
  AlignedBuffer<float> v;         // [T, K * d]
  AlignedBuffer<float> attended;  // [T, H * d]  output of attention
  AlignedBuffer<float> gate;      // [T, F]
  AlignedBuffer<float> up;        // [T, F]
  AlignedBuffer<float> logits;    // [kLogitRows, V]
  ActivationBuffer activations;   // quantised inputs of the matrix product at hand
  BatchAttention attention;
  PhaseTimes phases;  // of all steps so far

 private:
  WorkspaceShape shape_;
  size_t max_tokens_;
};

}  // namespace rowmill
