// Decoder-only transformer: RMSNorm, rotary positions, grouped-query attention, SwiGLU feed-forward
// (Llama 2/3, SmolLM2, Mistral, TinyLlama), and its two sisters that add one thing each: Qwen2
// biases of q, k and v, Qwen3 a norm of each query's and key's head. Holds no text, no sampling and
// no threads.
//
// Papers: LLaMA arXiv:2302.13971; GQA arXiv:2305.13245; RoPE arXiv:2104.09864; SwiGLU
// arXiv:2002.05202; Qwen2 arXiv:2407.10671; Qwen3 arXiv:2505.09388.
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

enum class LlamaKind : uint8_t { kLlama, kQwen2, kQwen3 };

struct LlamaConfig {        // GGUF key of the architecture
  size_t model_dim = 0;     // D  embedding_length
  size_t ffn_dim = 0;       // F  feed_forward_length
  size_t num_layers = 0;    // L  block_count
  size_t num_heads = 0;     // H  attention.head_count
  size_t num_kv_heads = 0;  // K  attention.head_count_kv
  size_t head_dim = 0;      // d  attention.key_length, or D / H
  size_t vocab_size = 0;    // V  rows of token_embd
  size_t max_seq_len = 0;   //    context_length, at most attention.sliding_window
  float norm_eps = 0.0f;    //    attention.layer_norm_rms_epsilon
  RotaryConfig rotary;      //    rope.*

  // Throws ModelError naming the value that is missing or out of range.
  static LlamaConfig Read(const ModelSource& source);
};

// What all of this is called in a Hugging Face folder.
extern const HuggingFaceNames kLlamaNames;

struct LlamaLayer {              // GGUF name: blk.<i>.*
  std::vector<float> attn_norm;  // [D]        attn_norm
  PackedWeights q_proj;          // [H*d, D]   attn_q, rows in half-split rotary order
  PackedWeights k_proj;          // [K*d, D]   attn_k, likewise
  PackedWeights v_proj;       // [K*d, D]   attn_v; often a wider format than attn_k, so not stacked
  std::vector<float> q_bias;  // [H*d]  attn_q.bias: qwen2, otherwise empty
  std::vector<float> k_bias;  // [K*d]  attn_k.bias: likewise
  std::vector<float> v_bias;  // [K*d]  attn_v.bias: likewise
  std::vector<float> q_norm;  // [d]  attn_q_norm: qwen3, otherwise empty
  std::vector<float> k_norm;  // [d]  attn_k_norm: likewise
  PackedWeights o_proj;       // [D, H*d]   attn_output
  std::vector<float> ffn_norm;  // [D]        ffn_norm
  PackedWeights gate_proj;      // [F, D]     ffn_gate
  PackedWeights up_proj;        // [F, D]     ffn_up
  PackedWeights down_proj;      // [D, F]     ffn_down
};

// Const after Load, so all execution units share one object; what changes is passed in.
class Llama final : public DecoderBase {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: token embeddings are read from there.
  static std::unique_ptr<Llama> Load(LlamaKind kind, const ModelSource& source,
                                     const LoadOptions& options, ThreadTeam& team);

 private:
  Llama(Outline outline, const LlamaConfig& config)
      : DecoderBase(std::move(outline)), config_(config) {}
  void Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const override;
  void FeedForward(size_t layer, size_t num_rows, Workspace& ws, ThreadTeam& team) const override;
  void VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const override;

  LlamaConfig config_;
  std::vector<LlamaLayer> layers_;  // [L]
  RopeTable rope_;
};

}  // namespace rowmill
