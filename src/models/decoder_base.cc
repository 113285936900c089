#include "models/decoder_base.h"

#include <algorithm>

#include "base/check.h"
#include "models/language_model_head.h"
#include "tensor/dequantize.h"

namespace rowmill {

void DecoderBase::LoadEnds(const ModelSource& source, WeightLoader& load, HeadNorm norm) {
  const size_t d = outline_.shape.model_dim;
  const size_t v = outline_.shape.vocab_size;
  output_norm_ = load.Vector("output_norm.weight", d);
  if (norm == HeadNorm::kLayerNorm) output_norm_bias_ = load.Vector("output_norm.bias", d);
  token_embedding_ = &load.View("token_embd.weight", v, d);
  const bool tied =
      !load.Has("output.weight") || source.FindBool("tie_word_embeddings").value_or(false);
  lm_head_ = load.Matrix(tied ? "token_embd.weight" : "output.weight", v, d);
  num_parameters_ = load.num_parameters();
  if (load.numerics() == Numerics::kF32) kv_type_ = KvType::kF32;
}

size_t DecoderBase::weight_bytes() const {
  size_t bytes = lm_head_.bytes();
  VisitMatrices([&](const PackedWeights& w) { bytes += w.bytes(); });
  return bytes;
}

size_t DecoderBase::macs_per_token() const {
  size_t macs = 0;
  VisitMatrices([&](const PackedWeights& w) { macs += w.n() * w.k(); });
  return macs;
}

void DecoderBase::Forward(const TokenBatch& batch, Workspace& ws, ThreadTeam& team,
                          LogitsVisitor visit) const {
  const size_t num_tokens = batch.tokens.size();
  CHECK(num_tokens <= ws.max_tokens());
  if (num_tokens == 0) return;
  ws.phases.Begin();
  ws.attention.Plan(batch, ws.q.data(), ws.attended.data());
  Embed(batch, ws);
  ws.phases.End(Phase::kEmbedding);
  for (size_t layer = 0; layer < outline_.num_layers; ++layer) {
    const bool last = layer + 1 == outline_.num_layers;
    const LayerRows rows = {layer, num_tokens, last ? &batch.outputs : nullptr};
    Attention(rows, ws, team);
    if (rows.num_rows() > 0) FeedForward(layer, rows.num_rows(), ws, team);
  }
  for (const SequenceSpan& span : batch.sequences) span.kv->length += span.token_count;
  const LanguageModelHead head = {kernels(), output_norm_, output_norm_bias_, norm_eps(), lm_head_};
  head.Run(batch.outputs.size(), ws, team, visit);
}

void DecoderBase::Embed(const TokenBatch& batch, Workspace& ws) const {
  const size_t d = outline_.shape.model_dim;
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    const int32_t token = batch.tokens[t];
    CHECK(token >= 0 && static_cast<size_t>(token) < outline_.shape.vocab_size);
    DequantizeRow(*token_embedding_, static_cast<uint64_t>(token), {ws.x.data() + t * d, d});
  }
}

bool DecoderBase::KeepWanted(const LayerRows& rows, MatMulInput& h, Workspace& ws) const {
  const size_t num_rows = rows.num_rows();
  if (num_rows == rows.num_tokens) return true;
  if (num_rows == 0) return false;
  const size_t d = outline_.shape.model_dim;
  for (size_t row = 0; row < num_rows; ++row) {
    const size_t from = (*rows.wanted)[row];
    if (from != row) std::copy_n(ws.x.data() + from * d, d, ws.x.data() + row * d);
  }
  h.KeepRows(*rows.wanted, ws.normed.data());
  ws.attention.KeepQueries(*rows.wanted);
  return true;
}

}  // namespace rowmill
