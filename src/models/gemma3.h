// Gemma 3, text only: a decoder-only transformer with a norm before and after each part, norms of
// each query's and key's head, a feed-forward part gated by GELU, and attention that in five of six
// layers reaches back a window only and turns positions by another base.
//
// What it is not: no images, and no Gemma 1 or 2 (soft-capping). Holds no text, no sampling and no
// threads.
//
// Paper: Gemma 3 Technical Report, arXiv:2503.19786.
// Shapes: T tokens of this step over all sequences (ragged), D model_dim, F ffn_dim, L num_layers,
//         H num_heads, K num_kv_heads, d head_dim, V vocab_size.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "models/decoder_base.h"
#include "models/rotary_config.h"
#include "ops/rope.h"

namespace rowmill {

struct Gemma3Config {                 // GGUF key gemma3.*
  size_t model_dim = 0;               // D  embedding_length
  size_t ffn_dim = 0;                 // F  feed_forward_length
  size_t num_layers = 0;              // L  block_count
  size_t num_heads = 0;               // H  attention.head_count
  size_t num_kv_heads = 0;            // K  attention.head_count_kv
  size_t head_dim = 0;                // d  attention.key_length
  size_t vocab_size = 0;              // V  rows of token_embd
  size_t max_seq_len = 0;             //    context_length
  float norm_eps = 0.0f;              //    attention.layer_norm_rms_epsilon
  float query_scale = 0.0f;           //   1 / sqrt of what queries are scaled by, mostly d
  uint32_t window = 0;                //   attention.sliding_window
  std::vector<AttentionReach> reach;  // [L]
  RotaryConfig global_rotary;         //    rope.*: of the layers that see all
  RotaryConfig local_rotary;          //    rope.freq_base_swa: of those with a window

  // Throws ModelError naming the value that is missing or out of range.
  static Gemma3Config Read(const ModelSource& source);
};

// What all of this is called in a Hugging Face folder.
extern const HuggingFaceNames kGemma3Names;

struct Gemma3Layer {                  // GGUF name: blk.<i>.*
  std::vector<float> attn_norm;       // [D]       attn_norm
  PackedWeights q_proj;               // [H*d, D]  attn_q
  PackedWeights k_proj;               // [K*d, D]  attn_k
  PackedWeights v_proj;               // [K*d, D]  attn_v
  std::vector<float> q_norm;          // [d]       attn_q_norm
  std::vector<float> k_norm;          // [d]       attn_k_norm
  PackedWeights o_proj;               // [D, H*d]  attn_output
  std::vector<float> post_attn_norm;  // [D]       post_attention_norm
  std::vector<float> ffn_norm;        // [D]       ffn_norm
  PackedWeights gate_proj;            // [F, D]    ffn_gate
  PackedWeights up_proj;              // [F, D]    ffn_up
  PackedWeights down_proj;            // [D, F]    ffn_down
  std::vector<float> post_ffn_norm;   // [D]       post_ffw_norm
};

// Const after Load, so all execution units share one object; what changes is passed in.
class Gemma3 final : public DecoderBase {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: token embeddings are read from there.
  static std::unique_ptr<Gemma3> Load(const ModelSource& source, const LoadOptions& options,
                                      ThreadTeam& team);

 private:
  Gemma3(Outline outline, Gemma3Config config)
      : DecoderBase(std::move(outline)), config_(std::move(config)) {}
  void Embed(const TokenBatch& batch, Workspace& ws) const override;
  void Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const override;
  void FeedForward(size_t layer, size_t num_rows, Workspace& ws, ThreadTeam& team) const override;
  void VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const override;
  // x += rms_norm(ws.normed) * weights
  void AddNormed(const std::vector<float>& weights, size_t num_rows, Workspace& ws) const;

  Gemma3Config config_;
  std::vector<Gemma3Layer> layers_;  // [L]
  RopeTable global_rope_;
  RopeTable local_rope_;
};

}  // namespace rowmill
