// Whisper: speech to text. An encoder reads 30 seconds of sound as log-mel frames: two
// convolutions, then a transformer; a decoder writes tokens, with attention over its own past and
// over what was encoded. Norms stand before the layers. Holds no text, no search, no threads and no
// state.
//
// Paper: A. Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision",
// arXiv:2212.04356.
// Shapes: T tokens of this step over all sequences (ragged), D model_dim, F ffn_dim, L num_layers,
//         H num_heads, d head_dim, V vocab_size, M mel bands, P positions of a window.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/encoder.h"
#include "models/linear_layer.h"
#include "models/model.h"
#include "models/quantized_attention.h"
#include "models/source_attention.h"

namespace rowmill {

struct WhisperConfig {            // config.json
  size_t model_dim = 0;           // D  d_model
  size_t encoder_ffn_dim = 0;     // F  encoder_ffn_dim
  size_t ffn_dim = 0;             // F  decoder_ffn_dim
  size_t num_encoder_layers = 0;  //    encoder_layers
  size_t num_layers = 0;          // L  decoder_layers
  size_t num_heads = 0;           // H  encoder_attention_heads, decoder_attention_heads
  size_t head_dim = 0;            // d  D / H
  size_t vocab_size = 0;          // V  rows of the embedding
  size_t num_mel_bands = 0;       // M  num_mel_bins
  size_t num_positions = 0;       // P  max_source_positions
  size_t max_seq_len = 0;         //    max_target_positions
  float norm_eps = 1e-5f;

  static WhisperConfig Read(const ModelSource& source);
};

extern const HuggingFaceNames kWhisperNames;

struct WhisperAttention {
  LayerNormWeights norm;  // [D]
  LinearLayer q_proj;     // [D, D]
  LinearLayer k_proj;     // [D, D], no bias
  LinearLayer v_proj;     // [D, D]
  LinearLayer o_proj;     // [D, D]
};

struct WhisperFeedForward {
  LayerNormWeights norm;  // [D]
  LinearLayer up_proj;    // [F, D]
  LinearLayer down_proj;  // [D, F]
};

struct WhisperEncoderLayer {  // our name: enc.blk.<i>.*
  WhisperAttention self_attn;
  WhisperFeedForward ffn;
};

struct WhisperDecoderLayer {  // our name: dec.blk.<i>.*
  WhisperAttention self_attn;
  WhisperAttention cross_attn;
  WhisperFeedForward ffn;
};

class Whisper;

// Activations of one unit, for windows and for steps.
struct WhisperWorkspace {
  // `max_tokens`: of a step.
  WhisperWorkspace(const Whisper& model, size_t max_tokens, size_t num_threads);
  static size_t BytesFor(const Whisper& model, size_t max_tokens, size_t num_threads);

  EncoderWorkspace encoder;        // of one window
  AlignedBuffer<float> frames;     // what a convolution reads: [2 P, 3 M] or [P, 3 D]
  AlignedBuffer<float> convolved;  // [2 P + 2, D], a frame of zeros at both ends
  ActivationBuffer convolution_buffer;
  Workspace decoder;
  SourceAttention source_attention;
  std::optional<QuantizedAttention> quantized_attention;  // of the encoder, in the recipe int8
};

// The tokens of one step.
struct SpeechBatch {
  TokenBatch tokens;
  std::vector<const EncodedSource*> sources;  // of each sequence
};

// Const after Load, so all execution units share one object; what changes is passed in.
class Whisper {
 public:
  // Throws ModelError if a tensor is missing or its shape contradicts the config. What `source`
  // reads from must outlive the model: embeddings are read from there.
  static std::unique_ptr<Whisper> Load(const ModelSource& source, const LoadOptions& options,
                                       ThreadTeam& team);

  const std::string& architecture() const { return architecture_; }
  const WhisperConfig& config() const { return config_; }
  // Whether it was trained on more than English: then the prompt says which language.
  bool is_multilingual() const { return is_multilingual_; }
  // What its makers keep from being written: ever, and as a window's first token. Ids are in range.
  const std::vector<int32_t>& suppressed_tokens() const { return suppressed_tokens_; }
  const std::vector<int32_t>& suppressed_first_tokens() const { return suppressed_first_tokens_; }
  size_t frames_per_window() const { return 2 * config_.num_positions; }
  size_t num_parameters() const { return num_parameters_; }
  // Whether the encoder attends in 8 bits: in the recipe int8, where heads allow it.
  bool attends_in_8_bits() const { return attends_in_8_bits_; }
  size_t weight_bytes() const;
  // Multiplications of weights and in attention for one window, and for one token with its logits.
  size_t macs_per_window() const;
  size_t macs_per_token() const;
  // Of a decoder's own past, and of an encoded window.
  KvShape kv_shape() const { return {config_.num_layers, config_.num_heads, config_.head_dim}; }
  EncoderShape encoder_shape() const;
  WorkspaceShape decoder_shape() const;

  // Encodes one window: mel[2 P, M] as models read it (media/log_mel.h). Fills `encoded`, whose
  // segment has room for P positions, and sets its length.
  void Encode(std::span<const float> mel, WhisperWorkspace& ws, ThreadTeam& team,
              EncodedSource& encoded) const;

  // Appends the batch's tokens to their sequences and shows the logits of the wanted tokens, in
  // order. A sequence's numbers depend on its own tokens and source alone. Every sequence must have
  // room and at most max_seq_len tokens, ids must be in range: CHECKed.
  void Forward(const SpeechBatch& batch, WhisperWorkspace& ws, ThreadTeam& team,
               LogitsVisitor visit) const;

 private:
  Whisper() = default;
  void Convolve(std::span<const float> mel, WhisperWorkspace& ws, ThreadTeam& team) const;
  void EncodeLayer(const WhisperEncoderLayer& layer, WhisperWorkspace& workspace,
                   ThreadTeam& team) const;
  void Embed(const TokenBatch& batch, Workspace& ws) const;
  void AttendToPast(const WhisperAttention& layer, size_t layer_index, size_t num_tokens,
                    Workspace& ws, ThreadTeam& team) const;
  void AttendToSource(const WhisperAttention& layer, size_t layer_index, size_t num_tokens,
                      WhisperWorkspace& ws, ThreadTeam& team) const;
  void Normalize(const LayerNormWeights& norm, size_t rows, const float* x, float* y) const;
  // q = (Wq h + bq) / sqrt(d)
  void ProjectQueries(const WhisperAttention& layer, MatMulInput& h, float* q) const;

  std::string architecture_ = "whisper";
  WhisperConfig config_;
  const kernels::KernelTable* kernels_ = nullptr;
  LinearLayer conv1_;                    // [D, 3 M]
  LinearLayer conv2_;                    // [D, 3 D]
  std::vector<float> source_positions_;  // [P, D]
  std::vector<WhisperEncoderLayer> encoder_;
  LayerNormWeights encoder_norm_;                   // [D]
  const TensorView* token_embedding_ = nullptr;     // [V, D]
  const TensorView* position_embedding_ = nullptr;  // [max_seq_len, D]
  std::vector<WhisperDecoderLayer> decoder_;
  LayerNormWeights decoder_norm_;  // [D]
  PackedWeights head_;             // [V, D]  the embedding
  bool is_multilingual_ = false;
  bool attends_in_8_bits_ = false;
  std::vector<int32_t> suppressed_tokens_;  // generation_config.json
  std::vector<int32_t> suppressed_first_tokens_;
  size_t num_parameters_ = 0;

  friend std::unique_ptr<Whisper> LoadWhisper(const ModelFile& file, const LoadOptions& options,
                                              ThreadTeam& team);
};

// Whether a model folder is one of Whisper's.
bool IsWhisper(const ModelFile& file);
// `file` must outlive the model. Throws ModelError.
std::unique_ptr<Whisper> LoadWhisper(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team);

}  // namespace rowmill
