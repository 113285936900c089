// GPT-2: a decoder-only transformer with learned positions, layer norms, biases everywhere and a
// feed-forward part with GELU. Holds no text, no sampling and no threads.
//
// Paper: A. Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
// Shapes: T tokens of this step over all sequences (ragged), D model_dim, F ffn_dim, L num_layers,
//         H num_heads, d head_dim, V vocab_size, P max_seq_len.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "models/decoder_base.h"

namespace rowmill {

struct Gpt2Config {        // GGUF key gpt2.*
  size_t model_dim = 0;    // D  embedding_length
  size_t ffn_dim = 0;      // F  feed_forward_length, or 4 * D
  size_t num_layers = 0;   // L  block_count
  size_t num_heads = 0;    // H  attention.head_count
  size_t head_dim = 0;     // d  D / H
  size_t vocab_size = 0;   // V  rows of token_embd
  size_t max_seq_len = 0;  // P  context_length
  float norm_eps = 0.0f;   //    attention.layer_norm_epsilon

  // Throws ModelError naming the value that is missing or out of range.
  static Gpt2Config Read(const ModelSource& source);
};

// What all of this is called in a Hugging Face folder.
extern const HuggingFaceNames kGpt2Names;

// Weights and biases of one product.
struct Gpt2Linear {
  PackedWeights weights;    // [N, K]
  std::vector<float> bias;  // [N]
};
struct Gpt2Norm {
  std::vector<float> weights;  // [D]
  std::vector<float> bias;     // [D]
};

struct Gpt2Layer {       // GGUF name: blk.<i>.*
  Gpt2Norm attn_norm;    //          attn_norm
  Gpt2Linear q, k, v;    // [D, D]   attn_qkv, one third each
  Gpt2Linear o_proj;     // [D, D]   attn_output
  Gpt2Norm ffn_norm;     //          ffn_norm
  Gpt2Linear up_proj;    // [F, D]   ffn_up
  Gpt2Linear down_proj;  // [D, F]   ffn_down
};

// Const after Load, so all execution units share one object; what changes is passed in.
class Gpt2 final : public DecoderBase {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: embeddings are read from there.
  static std::unique_ptr<Gpt2> Load(const ModelSource& source, const LoadOptions& options,
                                    ThreadTeam& team);

 private:
  Gpt2(Outline outline, const Gpt2Config& config)
      : DecoderBase(std::move(outline)), config_(config) {}
  void Embed(const TokenBatch& batch, Workspace& ws) const override;
  void Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const override;
  void FeedForward(size_t layer, size_t num_rows, Workspace& ws, ThreadTeam& team) const override;
  void VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const override;
  // ws.normed = layer_norm(ws.x)
  void Normalize(const Gpt2Norm& norm, size_t num_rows, Workspace& ws) const;

  Gpt2Config config_;
  const TensorView* position_embedding_ = nullptr;  // [P, D]  position_embd, in the container
  std::vector<Gpt2Layer> layers_;                   // [L]
};

}  // namespace rowmill
