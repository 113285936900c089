// What an encoder is to the rest of the engine: token ids of whole texts in, one vector per text
// out. Beside Decoder (models/model.h), with the same kernels, ops and threads; nothing is kept
// from step to step, since every token of a text sees every other.
//
// Papers: BERT, arXiv:1810.04805; Sentence-BERT, arXiv:1908.10084 (pooling).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/function_ref.h"
#include "formats/model_file.h"
#include "models/model.h"
#include "ops/matmul.h"
#include "parallel/thread_team.h"

namespace rowmill {

// The tokens of several texts one behind the other, without padding.
struct EncoderBatch {
  std::vector<int32_t> tokens;    // [T]
  std::vector<uint32_t> lengths;  // of each text, at least 1; together T

  void clear() {
    tokens.clear();
    lengths.clear();
  }
};

// What is made of a text's token vectors.
enum class EncoderOutput : uint8_t {
  kEmbedding,  // pooled and brought to length 1: [embedding_dim]
  kLogits,     // of the weights' own classification head: [labels]
};

struct EncoderShape {
  size_t model_dim = 0;
  size_t num_heads = 0;
  size_t head_dim = 0;
  size_t ffn_dim = 0;     // of all that the feed-forward layer holds at a time
  bool pre_norm = false;  // norms stand before the layers

  size_t attention_dim() const { return num_heads * head_dim; }
  size_t widest() const { return std::max({model_dim, attention_dim(), ffn_dim}); }
  size_t normed_dim() const { return pre_norm ? model_dim : 0; }
};

// Activations of one batch, allocated once per execution unit for the largest that it will see.
// Shapes: T max_tokens, D model_dim, H num_heads, d head_dim, F ffn_dim.
class EncoderWorkspace {
 public:
  // `max_text`: tokens of the longest text; at most max_tokens.
  EncoderWorkspace(const EncoderShape& shape, size_t max_tokens, size_t max_text,
                   size_t num_threads);
  static size_t BytesFor(const EncoderShape& shape, size_t max_tokens, size_t max_text,
                         size_t num_threads);
  size_t max_tokens() const { return max_tokens_; }
  size_t max_text() const { return max_text_; }

  AlignedBuffer<float> x;         // [T, D]
  AlignedBuffer<float> normed;    // [T, D], where norms stand before the layers
  AlignedBuffer<float> q;         // [T, H * d]
  AlignedBuffer<float> k;         // [T, H * d]
  AlignedBuffer<float> v;         // [T, H * d]
  AlignedBuffer<float> attended;  // [T, H * d]
  AlignedBuffer<float> hidden;    // [T, F]
  ActivationBuffer activations;   // quantised inputs of the matrix product at hand
  // Per thread of the team: one head's keys, packed, and the weights of a tile of rows.
  std::vector<AlignedBuffer<float>> packed_keys;
  std::vector<AlignedBuffer<float>> weights;

 private:
  size_t max_tokens_;
  size_t max_text_;
};

// Gets the output of text `text_index` of the batch.
using VectorVisitor = FunctionRef<void(size_t text_index, std::span<const float> vector)>;

class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual const std::string& architecture() const = 0;
  virtual size_t vocab_size() const = 0;
  virtual size_t max_seq_len() const = 0;
  virtual EncoderShape shape() const = 0;
  virtual size_t weight_bytes() const = 0;
  virtual size_t num_parameters() const = 0;
  virtual size_t macs_per_token() const = 0;  // multiplications of weights
  size_t embedding_dim() const { return shape().model_dim; }
  // Names of the labels of the weights' own classification head; empty where there is none.
  virtual std::span<const std::string> labels() const = 0;

  // Shows the output of each text, in order. A text's numbers depend on its own tokens alone,
  // whatever else is in the batch. Texts are not longer than max_seq_len(), ids are in range:
  // CHECKed.
  virtual void Encode(const EncoderBatch& batch, EncoderOutput output, EncoderWorkspace& workspace,
                      ThreadTeam& team, VectorVisitor visit) const = 0;
};

// Whether LoadEncoder knows the model's architecture.
bool IsEncoder(const ModelFile& file);
// `file` must outlive the encoder. Throws ModelError.
std::unique_ptr<Encoder> LoadEncoder(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team);
// The architectures LoadEncoder knows.
std::span<const std::string_view> KnownEncoderArchitectures();

// y = x / |x|, so that dot products are cosines; a vector of zeros stays one. In double precision,
// the squares added up in order.
void ToUnitLength(std::span<const double> x, std::span<float> y);

}  // namespace rowmill
