// Marian's translation models: a transformer encoder, and a decoder that is a transformer too
// (OPUS-MT) or has simple recurrent units (SSRU) in place of self-attention (small student models).
// Norms stand behind each layer, positions are sines, all embeddings and the head are one matrix.
// Holds no text, no threads and no state.
//
// Papers: Marian, arXiv:1804.00344; Transformer, arXiv:1706.03762; SSRU, arXiv:1908.11365.
// Shapes: T tokens over all texts or hypotheses (ragged), D model_dim, F ffn_dim, H num_heads, d
// head_dim, V vocab_size, P positions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "models/encoder_decoder.h"
#include "models/linear_layer.h"

namespace rowmill {

struct MarianConfig {             // config.json
  size_t model_dim = 0;           // D  d_model
  size_t ffn_dim = 0;             // F  encoder_ffn_dim
  size_t decoder_ffn_dim = 0;     //    decoder_ffn_dim
  size_t num_layers = 0;          //    encoder_layers
  size_t num_decoder_layers = 0;  //    decoder_layers
  size_t num_heads = 0;           // H  encoder_attention_heads, decoder_attention_heads
  size_t head_dim = 0;            // d  D / H
  size_t vocab_size = 0;          // V  rows of the embedding
  size_t num_positions = 0;       // P  max_position_embeddings
  float norm_eps = 0.0f;          //    layer_norm_eps
  float embedding_scale = 1.0f;   //    sqrt(D) where scale_embedding
  double max_length_factor = 0.0;
  int32_t end_token = 0;
  int32_t first_token = TargetBatch::kNoToken;       // decoder_start_token_id
  int32_t suppressed_token = TargetBatch::kNoToken;  // pad_token_id
  enum class Activation : uint8_t { kRelu, kSwish, kGelu } activation = Activation::kRelu;
  enum class Autoregression : uint8_t {
    kSelfAttention,
    kSsru
  } autoregression = Autoregression::kSelfAttention;
  // Wave i of n = D / 2 has the frequency 10000^(-i / n); Marian itself has n - 1 for n there, and
  // Hugging Face's port of it has not.
  enum class Waves : uint8_t { kMarian, kHuggingFace } waves = Waves::kHuggingFace;

  static MarianConfig Read(const ModelSource& source);
};

struct MarianAttention {
  LinearLayer q_proj;     // [D, D]
  LinearLayer k_proj;     // [D, D]
  LinearLayer v_proj;     // [D, D]
  LinearLayer o_proj;     // [D, D]
  LayerNormWeights norm;  // [D]
};

struct MarianFeedForward {
  LinearLayer up_proj;    // [F, D]
  LinearLayer down_proj;  // [D, F]
  LayerNormWeights norm;  // [D]
};

struct MarianSsru {
  LinearLayer input;      // [D, D], no bias
  LinearLayer forget;     // [D, D]
  LayerNormWeights norm;  // [D]
};

struct MarianEncoderLayer {  // our name: enc.blk.<i>.*
  MarianAttention self_attn;
  MarianFeedForward ffn;
};

struct MarianDecoderLayer {   // our name: dec.blk.<i>.*
  MarianAttention self_attn;  // or
  MarianSsru ssru;
  MarianAttention cross_attn;
  MarianFeedForward ffn;
};

extern const HuggingFaceNames kMarianNames;

class Marian final : public EncoderDecoder {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: embeddings are read from it.
  static std::unique_ptr<Marian> Load(const ModelSource& source, const LoadOptions& load,
                                      ThreadTeam& team);

  const std::string& architecture() const override { return architecture_; }
  size_t vocab_size() const override { return config_.vocab_size; }
  size_t max_source_len() const override { return config_.num_positions; }
  size_t max_target_len() const override { return config_.num_positions; }
  EncoderShape shape() const override;
  SourceMemory::Shape source_shape() const override {
    return {config_.num_decoder_layers, config_.num_heads, config_.head_dim};
  }
  TargetState::Shape target_shape() const override;
  size_t weight_bytes() const override;
  size_t num_parameters() const override { return num_parameters_; }
  size_t macs_per_source_token() const override;
  size_t macs_per_target_token() const override;
  int32_t first_token() const override { return config_.first_token; }
  int32_t end_token() const override { return config_.end_token; }
  int32_t suppressed_token() const override { return config_.suppressed_token; }
  double max_length_factor() const override { return config_.max_length_factor; }

  void Encode(const EncoderBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
              std::span<SourceMemory> memories) const override;
  void Step(const TargetBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
            LogitsVisitor visit) const override;

 private:
  Marian() = default;
  void Embed(int32_t token, size_t position, std::span<float> x) const;
  // q = Wq x / sqrt(d)
  void ProjectQueries(const MarianAttention& layer, MatMulInput& input, EncoderWorkspace& ws) const;
  // q, and k, v = W x
  void ProjectInputs(const MarianAttention& layer, size_t num_tokens, EncoderWorkspace& ws,
                     ThreadTeam& team) const;
  // x = norm(x + Wo ws.attended)
  void AddAttended(const MarianAttention& layer, size_t num_tokens, EncoderWorkspace& ws,
                   ThreadTeam& team) const;
  void FeedForward(const MarianFeedForward& layer, size_t num_tokens, EncoderWorkspace& ws,
                   ThreadTeam& team) const;
  void RecurrentUnits(const MarianSsru& layer, size_t layer_index, const TargetBatch& batch,
                      EncoderWorkspace& ws, ThreadTeam& team) const;
  void Normalize(const LayerNormWeights& norm, size_t num_tokens, float* x) const;

  std::string architecture_ = "marian";
  MarianConfig config_;
  const kernels::KernelTable* kernels_ = nullptr;
  const TensorView* token_embedding_ = nullptr;  // [V, D]  token_embd
  PackedWeights head_;                           // [V, D]  the same matrix
  std::vector<float> head_bias_;                 // [V]     final_logits_bias
  std::vector<float> positions_;                 // [P, D]
  std::vector<float> ones_;                      // [T of a slice] for swish, which is swiglu by 1
  std::vector<MarianEncoderLayer> encoder_;
  std::vector<MarianDecoderLayer> decoder_;
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
