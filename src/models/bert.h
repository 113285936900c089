// Encoder-only transformer with learned positions and norms behind each block (BERT, MiniLM, bge,
// e5; DistilBERT; RoBERTa and XLM-RoBERTa). Holds no text, no threads and no state.
//
// Papers: BERT arXiv:1810.04805; DistilBERT arXiv:1910.01108; RoBERTa arXiv:1907.11692; XLM-R
// arXiv:1911.02116; Sentence-BERT arXiv:1908.10084.
// Shapes: T tokens over all texts (ragged), D model_dim, F ffn_dim, L num_layers, H num_heads, d
// head_dim, V vocab_size, P positions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "models/encoder.h"
#include "models/linear_layer.h"

namespace rowmill {

// What the three architectures do differently.
enum class BertKind : uint8_t { kBert, kDistilBert, kRoberta };

// How token vectors become one.
enum class Pooling : uint8_t { kMean, kFirst };

struct BertConfig {           // GGUF key bert.*, config.json
  size_t model_dim = 0;       // D  embedding_length, hidden_size
  size_t ffn_dim = 0;         // F  feed_forward_length, intermediate_size
  size_t num_layers = 0;      // L  block_count, num_hidden_layers
  size_t num_heads = 0;       // H  attention.head_count, num_attention_heads
  size_t head_dim = 0;        // d  D / H
  size_t vocab_size = 0;      // V  rows of token_embd
  size_t num_positions = 0;   // P  context_length, max_position_embeddings
  size_t first_position = 0;  // of a text's first token: 0, for RoBERTa the padding id + 1
  size_t num_types = 0;       //    rows of token_types; 0: none
  float norm_eps = 0.0f;      //    attention.layer_norm_epsilon, layer_norm_eps

  static BertConfig Read(BertKind kind, const ModelSource& source);
};

struct BertLayer {               // GGUF name: blk.<i>.*
  LinearLayer q_proj;            // [D, D]  attn_q
  LinearLayer k_proj;            // [D, D]  attn_k
  LinearLayer v_proj;            // [D, D]  attn_v
  LinearLayer o_proj;            // [D, D]  attn_output
  LayerNormWeights attn_norm;    // [D]     attn_output_norm
  LinearLayer up_proj;           // [F, D]  ffn_up
  LinearLayer down_proj;         // [D, F]  ffn_down
  LayerNormWeights output_norm;  // [D]     layer_output_norm
};

// A classification head over the first token's vector: labels = out * act(dense * x).
struct ClassifierHead {
  enum class Activation : uint8_t { kTanh, kRelu };
  LinearLayer dense;  // [D, D]
  Activation activation = Activation::kTanh;
  LinearLayer output;  // [labels, D]
  std::vector<std::string> labels;
};

// What lies outside of config and weights: pooling in sentence-transformers' own file, label names.
struct BertOptions {
  Pooling pooling = Pooling::kMean;
  std::vector<std::string> labels;  // id2label; empty: LABEL_0, ...
  int32_t separator = -1;           // [SEP]: tokens behind the first are of type 1
};

extern const HuggingFaceNames kBertNames;
extern const HuggingFaceNames kDistilBertNames;

class Bert final : public Encoder {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: embeddings are read from it.
  static std::unique_ptr<Bert> Load(BertKind kind, const ModelSource& source,
                                    const BertOptions& options, const LoadOptions& load,
                                    ThreadTeam& team);

  const std::string& architecture() const override { return architecture_; }
  size_t vocab_size() const override { return config_.vocab_size; }
  size_t max_seq_len() const override { return config_.num_positions - config_.first_position; }
  EncoderShape shape() const override {
    return {config_.model_dim, config_.num_heads, config_.head_dim, config_.ffn_dim};
  }
  size_t weight_bytes() const override;
  size_t num_parameters() const override { return num_parameters_; }
  size_t macs_per_token() const override;
  std::span<const std::string> labels() const override { return head_.labels; }

  void Encode(const EncoderBatch& batch, EncoderOutput output, EncoderWorkspace& workspace,
              ThreadTeam& team, VectorVisitor visit) const override;

 private:
  Bert() = default;
  void Embed(const EncoderBatch& batch, EncoderWorkspace& ws) const;
  void Attention(const BertLayer& layer, const EncoderBatch& batch, EncoderWorkspace& ws,
                 ThreadTeam& team) const;
  void FeedForward(const BertLayer& layer, size_t num_tokens, EncoderWorkspace& ws,
                   ThreadTeam& team) const;
  void Pool(const float* vectors, size_t length, std::span<float> pooled) const;
  void Classify(const float* first, EncoderWorkspace& ws, ThreadTeam& team,
                std::span<float> logits) const;
  void Normalize(const LayerNormWeights& norm, size_t num_tokens, float* x) const;

  std::string architecture_;
  BertConfig config_;
  Pooling pooling_ = Pooling::kMean;
  int32_t separator_ = -1;
  const kernels::KernelTable* kernels_ = nullptr;
  const TensorView* token_embedding_ = nullptr;     // [V, D]  token_embd
  const TensorView* position_embedding_ = nullptr;  // [P, D]  position_embd
  std::vector<float> type_embedding_;               // [types, D]  token_types; empty: none
  LayerNormWeights embedding_norm_;                 // [D]     token_embd_norm
  std::vector<BertLayer> layers_;                   // [L]
  ClassifierHead head_;                             // without labels: there is none
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
