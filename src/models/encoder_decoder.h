// What an encoder-decoder is to the rest of the engine: a source text is encoded once, then target
// tokens are added to hypotheses one at a time. Beside Decoder (models/model.h) and Encoder
// (models/encoder.h), with the same kernels, ops and threads. Models know token ids, not text; they
// hold no search and no state: what changes is passed in, so all execution units share one object.
//
// A source's keys and values for cross-attention are computed once, by Encode, and shared by all of
// its hypotheses. Everything is f32.
//
// Papers: Transformer, arXiv:1706.03762; SSRU decoders, arXiv:1908.11365; T5, arXiv:1910.10683.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/function_ref.h"
#include "formats/model_file.h"
#include "models/encoder.h"
#include "models/model.h"

namespace rowmill {

// Cross-attention's keys and values of one source text, of all decoder layers.
class SourceMemory {
 public:
  struct Shape {
    size_t num_layers = 0;
    size_t num_heads = 0;
    size_t head_dim = 0;
  };
  SourceMemory() = default;
  SourceMemory(const Shape& shape, size_t length);
  static size_t BytesFor(const Shape& shape, size_t length);

  size_t length() const { return length_; }
  size_t bytes() const { return memory_.size() * sizeof(float); }
  // [ceil(length / 16)][d][16]
  float* keys(size_t layer, size_t head);
  const float* keys(size_t layer, size_t head) const;
  // [length, H * d]
  float* values(size_t layer);
  const float* values(size_t layer) const;

 private:
  static size_t LayerFloats(const Shape& shape, size_t length);

  Shape shape_;
  size_t length_ = 0;
  AlignedBuffer<float> memory_;
};

// What a hypothesis remembers of its own tokens: for each decoder layer the cells of simple
// recurrent units, or keys and values for self-attention.
class TargetState {
 public:
  struct Shape {
    size_t num_layers = 0;
    size_t cell_dim = 0;   // 0: self-attention
    size_t num_heads = 0;  // of self-attention
    size_t head_dim = 0;
  };
  explicit TargetState(const Shape& shape);
  static size_t BytesFor(const Shape& shape, size_t num_tokens);
  TargetState Clone() const;

  // Tokens fed so far.
  size_t length() const { return length_; }
  // One more token: makes room for its keys and values.
  void Extend();

  float* cell(size_t layer);  // [cell_dim]
  // Puts the last token's key and value [H * d] where they belong.
  void PutLast(size_t layer, const float* key, const float* value);
  const float* keys(size_t layer, size_t head) const;  // [ceil(length / 16)][d][16]
  const float* values(size_t layer) const;             // [length, H * d]

 private:
  TargetState() = default;
  static size_t LayerFloats(const Shape& shape, size_t capacity);

  Shape shape_;
  size_t length_ = 0;
  size_t capacity_ = 0;  // positions, a multiple of 16
  AlignedBuffer<float> memory_;
};

// The hypotheses that get a token in one step; those of one source stand side by side.
struct TargetBatch {
  // The first token of a hypothesis where the model begins with none.
  static constexpr int32_t kNoToken = -1;

  std::vector<int32_t> tokens;               // [T] the last token of each
  std::vector<const SourceMemory*> sources;  // [T]
  std::vector<TargetState*> states;          // [T] each another one

  void clear() {
    tokens.clear();
    sources.clear();
    states.clear();
  }
};

class EncoderDecoder;

// Activations of one unit, for encoding and for steps, which never happen at the same time.
struct EncoderDecoderWorkspace {
  // `max_tokens`: source tokens of a batch, or hypotheses of a step.
  EncoderDecoderWorkspace(const EncoderDecoder& model, size_t max_tokens, size_t num_threads);
  static size_t BytesFor(const EncoderDecoder& model, size_t max_tokens, size_t num_threads);

  EncoderWorkspace layers;
  AlignedBuffer<float> logits;  // [kLogitRows, V]
};

class EncoderDecoder {
 public:
  virtual ~EncoderDecoder() = default;

  virtual const std::string& architecture() const = 0;
  virtual size_t vocab_size() const = 0;
  virtual size_t max_source_len() const = 0;
  virtual size_t max_target_len() const = 0;
  virtual EncoderShape shape() const = 0;
  virtual SourceMemory::Shape source_shape() const = 0;
  virtual TargetState::Shape target_shape() const = 0;
  virtual size_t weight_bytes() const = 0;
  virtual size_t num_parameters() const = 0;
  // Multiplications of weights for one source token, and for one target token with its logits.
  virtual size_t macs_per_source_token() const = 0;
  virtual size_t macs_per_target_token() const = 0;

  virtual int32_t first_token() const = 0;  // what a hypothesis is fed first, or kNoToken
  virtual int32_t end_token() const = 0;    // ends sources and targets
  // A token that is never part of an answer (padding), or kNoToken.
  virtual int32_t suppressed_token() const = 0;
  // Longest target in tokens per source token; 0: no such limit.
  virtual double max_length_factor() const = 0;

  // Encodes texts (each ends with end_token()) and fills `memories` [texts]. A text's numbers
  // depend on its own tokens alone. Lengths and ids must be in range: CHECKed.
  virtual void Encode(const EncoderBatch& batch, EncoderDecoderWorkspace& workspace,
                      ThreadTeam& team, std::span<SourceMemory> memories) const = 0;

  // Adds each hypothesis's token to its state and shows the logits of the token behind it, in
  // order. A hypothesis's numbers depend on its own tokens and source alone.
  virtual void Step(const TargetBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
                    LogitsVisitor visit) const = 0;
};

// ws.layers.attended = attention of ws.layers.q (scaled) over each hypothesis's source.
void AttendToSources(const kernels::KernelTable& kernels, const TargetBatch& batch, size_t layer,
                     const EncoderShape& shape, EncoderDecoderWorkspace& ws, ThreadTeam& team);
// Puts ws.layers.k and v behind each hypothesis's past; ws.layers.attended = attention of
// ws.layers.q over it.
struct DistanceBias;
void AttendToPast(const kernels::KernelTable& kernels, const TargetBatch& batch, size_t layer,
                  const EncoderShape& shape, const DistanceBias& bias, EncoderDecoderWorkspace& ws,
                  ThreadTeam& team);
// Calls visit(token, position) for each token of the batch, which stands at `position` in its text.
void ForEachSourceToken(const EncoderBatch& batch, size_t max_length,
                        FunctionRef<void(size_t token, size_t position)> visit);
// Makes room for the keys and values of each text.
void AllocateMemories(const EncoderBatch& batch, const SourceMemory::Shape& shape,
                      std::span<SourceMemory> memories);
// Fills one layer of the memories from keys and values [T, H * d] of the batch's tokens.
void FillMemories(const EncoderBatch& batch, size_t layer, const EncoderShape& shape,
                  const EncoderWorkspace& ws, std::span<SourceMemory> memories);

// The end of a step: logits = Whead h + b.
struct TargetHead {
  const kernels::KernelTable& kernels;
  const PackedWeights& weights;  // [V, D]
  std::span<const float> bias;   // [V], or empty: none

  // Shows the logits [V] of each row of hidden[T, D].
  void Run(const float* hidden, size_t num_tokens, EncoderDecoderWorkspace& ws, ThreadTeam& team,
           LogitsVisitor visit) const;
};

// Whether LoadEncoderDecoder knows the model's architecture.
bool IsEncoderDecoder(const ModelFile& file);
// `file` must outlive the model. Throws ModelError.
std::unique_ptr<EncoderDecoder> LoadEncoderDecoder(const ModelFile& file,
                                                   const LoadOptions& options, ThreadTeam& team);
// The architectures LoadEncoderDecoder knows.
std::span<const std::string_view> KnownEncoderDecoderArchitectures();

}  // namespace rowmill
