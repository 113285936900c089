// What the decoder-only families have in common: the way of a step from token ids to logits, with
// its two ends, the token embeddings and the head. A family adds its config, its weights and what a
// layer computes.
//
// After the keys and values of the last layer nobody reads the tokens whose logits are not wanted,
// so from there on the step has the wanted ones alone: of a prompt of 190 tokens in 30 layers that
// saves 1/30 of the work.
//
// What it is not: one decoder with a switch for each difference (decision 7).
//
// Shapes: T tokens of this step over all sequences (ragged), D model_dim, L num_layers, V
// vocab_size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "models/model.h"
#include "models/weight_loader.h"
#include "ops/matmul.h"

namespace rowmill {

class DecoderBase : public Decoder {
 public:
  const std::string& architecture() const override { return outline_.architecture; }
  size_t vocab_size() const override { return outline_.shape.vocab_size; }
  size_t max_seq_len() const override { return outline_.max_seq_len; }
  KvShape kv_shape() const override {
    return {outline_.num_layers, outline_.shape.num_kv_heads, outline_.shape.head_dim, kv_type_};
  }
  WorkspaceShape workspace_shape() const override { return outline_.shape; }
  size_t weight_bytes() const override;
  size_t num_parameters() const override { return num_parameters_; }
  size_t macs_per_token() const override;
  size_t macs_per_output() const override { return lm_head_.n() * lm_head_.k(); }

  void Forward(const TokenBatch& batch, Workspace& workspace, ThreadTeam& team,
               LogitsVisitor visit) const override;

 protected:
  struct Outline {
    std::string architecture;
    WorkspaceShape shape;
    size_t num_layers = 0;  // L
    size_t max_seq_len = 0;
    float norm_eps = 0.0f;
    const kernels::KernelTable* kernels = nullptr;
  };
  // Which tokens a layer works on.
  struct LayerRows {
    size_t layer = 0;
    size_t num_tokens = 0;  // T: come in, and get keys and values
    // Those that go out, ascending; null: all of them, as in every layer but the last.
    const std::vector<uint32_t>* wanted = nullptr;

    size_t num_rows() const { return wanted == nullptr ? num_tokens : wanted->size(); }
  };
  enum class HeadNorm : uint8_t { kRootMeanSquare, kLayerNorm };

  explicit DecoderBase(Outline outline) : outline_(std::move(outline)) {}

  // token_embd, output_norm and output, or token_embd for it where the weights are tied. To be
  // called after all other weights of the model.
  void LoadEnds(const ModelSource& source, WeightLoader& load, HeadNorm norm);

  // x = what the layers begin with, [T, D]; here E[token].
  virtual void Embed(const TokenBatch& batch, Workspace& ws) const;
  // x += attention. Calls KeepWanted when keys and values are stored.
  virtual void Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const = 0;
  // x += feed-forward, of the first `num_rows` rows.
  virtual void FeedForward(size_t layer, size_t num_rows, Workspace& ws,
                           ThreadTeam& team) const = 0;
  // All matrices of the layers, for what the machine's work is measured in.
  virtual void VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const = 0;

  // From here on x, attention and `h`, which is the product's input ws.normed, have the wanted
  // tokens alone, moved to the front. False where there are none, and nothing is left to do.
  bool KeepWanted(const LayerRows& rows, MatMulInput& h, Workspace& ws) const;

  const kernels::KernelTable& kernels() const { return *outline_.kernels; }
  float norm_eps() const { return outline_.norm_eps; }

 private:
  Outline outline_;
  const TensorView* token_embedding_ = nullptr;  // [V, D]  in the container
  std::vector<float> output_norm_;               // [D]
  std::vector<float> output_norm_bias_;          // [D] of a layer norm, otherwise empty
  PackedWeights lm_head_;                        // [V, D]
  size_t num_parameters_ = 0;
  KvType kv_type_ = KvType::kF16;
};

}  // namespace rowmill
