// T5 (v1.0, and v1.1 with FLAN): an encoder-decoder with norms before each layer, no biases, no
// scaling of scores and, in place of positions, a bias on scores by the distance between query and
// key. Holds no text, no threads and no state.
//
// Papers: T5, arXiv:1910.10683; gated GELU, arXiv:2002.05202; FLAN, arXiv:2210.11416.
// Shapes: T tokens over all texts or hypotheses (ragged), D model_dim, F ffn_dim, H num_heads, d
// head_dim (H * d may differ from D), V vocab_size, B buckets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "models/encoder_decoder.h"
#include "models/linear_layer.h"
#include "models/whole_attention.h"

namespace rowmill {

struct T5Config {                 // config.json
  size_t model_dim = 0;           // D  d_model
  size_t ffn_dim = 0;             // F  d_ff
  size_t num_layers = 0;          //    num_layers
  size_t num_decoder_layers = 0;  //    num_decoder_layers, or num_layers
  size_t num_heads = 0;           // H  num_heads
  size_t head_dim = 0;            // d  d_kv
  size_t vocab_size = 0;          // V  rows of the embedding
  size_t max_length = 0;          //    n_positions: what it was trained with; there is no other end
  size_t num_buckets = 0;         // B  relative_attention_num_buckets
  size_t max_distance = 0;        //    relative_attention_max_distance
  float norm_eps = 0.0f;          //    layer_norm_epsilon
  int32_t end_token = 1;          //    eos_token_id
  int32_t first_token = 0;        //    decoder_start_token_id
  enum class FeedForward : uint8_t { kRelu, kGatedGelu } feed_forward = FeedForward::kRelu;
  // The head is the embedding, and its input is scaled by D^-0.5.
  enum class Head : uint8_t { kTied, kOwn } head = Head::kTied;

  static T5Config Read(const ModelSource& source);
};

struct T5Attention {
  std::vector<float> norm;  // [D]
  PackedWeights q_proj;     // [H * d, D]
  PackedWeights k_proj;     // [H * d, D]
  PackedWeights v_proj;     // [H * d, D]
  PackedWeights o_proj;     // [D, H * d]
};

struct T5FeedForward {
  std::vector<float> norm;  // [D]
  PackedWeights gate_proj;  // [F, D]  gated GELU only
  PackedWeights up_proj;    // [F, D]
  PackedWeights down_proj;  // [D, F]
};

struct T5EncoderLayer {  // our name: enc.blk.<i>.*
  T5Attention self_attn;
  T5FeedForward ffn;
};

struct T5DecoderLayer {  // our name: dec.blk.<i>.*
  T5Attention self_attn;
  T5Attention cross_attn;
  T5FeedForward ffn;
};

// The bucket of a key that stands `distance` behind its query (negative: before it). In an encoder
// half of the buckets are for keys behind, in a decoder there are none of those. Distances up to
// half of what is left have a bucket of their own, those beyond share by logarithm up to
// max_distance.
enum class T5Side : uint8_t { kEncoder, kDecoder };
size_t T5Bucket(int64_t distance, T5Side side, size_t num_buckets, size_t max_distance);

extern const HuggingFaceNames kT5Names;

class T5 final : public EncoderDecoder {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: embeddings are read from it.
  static std::unique_ptr<T5> Load(const ModelSource& source, const LoadOptions& load,
                                  ThreadTeam& team);

  const std::string& architecture() const override { return architecture_; }
  size_t vocab_size() const override { return config_.vocab_size; }
  size_t max_source_len() const override { return config_.max_length; }
  size_t max_target_len() const override { return config_.max_length; }
  EncoderShape shape() const override;
  SourceMemory::Shape source_shape() const override {
    return {config_.num_decoder_layers, config_.num_heads, config_.head_dim};
  }
  TargetState::Shape target_shape() const override {
    return {config_.num_decoder_layers, 0, config_.num_heads, config_.head_dim};
  }
  size_t weight_bytes() const override;
  size_t num_parameters() const override { return num_parameters_; }
  size_t macs_per_source_token() const override;
  size_t macs_per_target_token() const override;
  int32_t first_token() const override { return config_.first_token; }
  int32_t end_token() const override { return config_.end_token; }
  int32_t suppressed_token() const override { return TargetBatch::kNoToken; }
  double max_length_factor() const override { return 0.0; }

  void Encode(const EncoderBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
              std::span<SourceMemory> memories) const override;
  void Step(const TargetBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
            LogitsVisitor visit) const override;

 private:
  T5() = default;
  void Embed(int32_t token, std::span<float> x) const;
  void Normalize(const std::vector<float>& norm, size_t num_tokens, const float* x, float* y) const;
  // q, k, v = W norm(x)
  void ProjectInputs(const T5Attention& layer, size_t num_tokens, EncoderWorkspace& ws,
                     ThreadTeam& team) const;
  // x = x + Wo ws.attended
  void AddAttended(const T5Attention& layer, size_t num_tokens, EncoderWorkspace& ws,
                   ThreadTeam& team) const;
  void FeedForward(const T5FeedForward& layer, size_t num_tokens, EncoderWorkspace& ws,
                   ThreadTeam& team) const;

  std::string architecture_ = "t5";
  T5Config config_;
  const kernels::KernelTable* kernels_ = nullptr;
  const TensorView* token_embedding_ = nullptr;  // [V, D]  shared
  PackedWeights head_;                           // [V, D]  the same matrix, or lm_head
  DistanceBias encoder_bias_;
  DistanceBias decoder_bias_;
  std::vector<T5EncoderLayer> encoder_;
  std::vector<T5DecoderLayer> decoder_;
  std::vector<float> encoder_norm_;  // [D]
  std::vector<float> decoder_norm_;  // [D]
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
