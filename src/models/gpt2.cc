#include "models/gpt2.h"

#include <cmath>

#include "base/check.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

constexpr HuggingFaceNames::Key kKeys[] = {
    {"block_count", "n_layer"},
    {"embedding_length", "n_embd"},
    {"feed_forward_length", "n_inner"},
    {"attention.head_count", "n_head"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
    {"context_length", "n_positions"},
    // Without a counterpart in GGUF: what its converter decides once and for all.
    {"activation_function", "activation_function"},
    {"scale_attn_by_inverse_layer_idx", "scale_attn_by_inverse_layer_idx"},
    {"scale_attn_weights", "scale_attn_weights"},
    {"tie_word_embeddings", "tie_word_embeddings"},
};
// Its matrices are those of a convolution of width 1, [in, out].
constexpr HuggingFaceNames::Weight kWeights[] = {
    {"token_embd", "wte"},
    {"position_embd", "wpe"},
    {"output_norm", "ln_f"},
    {"output", "lm_head"},
    {"blk.#.attn_norm", "h.#.ln_1"},
    {"blk.#.attn_qkv", "h.#.attn.c_attn", StoredAs::kTransposed},
    {"blk.#.attn_output", "h.#.attn.c_proj", StoredAs::kTransposed},
    {"blk.#.ffn_norm", "h.#.ln_2"},
    {"blk.#.ffn_up", "h.#.mlp.c_fc", StoredAs::kTransposed},
    {"blk.#.ffn_down", "h.#.mlp.c_proj", StoredAs::kTransposed},
};
constexpr std::string_view kPrefixes[] = {"transformer."};

Gpt2Linear LoadLinear(WeightLoader& load, const std::string& name, size_t n, size_t k) {
  return {load.Matrix(name + ".weight", n, k), load.Vector(name + ".bias", n)};
}

// Third `part` of the stacked q, k and v.
Gpt2Linear LoadThird(WeightLoader& load, const std::string& name, size_t part, size_t d) {
  const std::vector<float> bias = load.Vector(name + ".bias", 3 * d);
  const auto begin = bias.begin() + static_cast<std::ptrdiff_t>(part * d);
  return {load.MatrixRows(name + ".weight", 3 * d, d, {.begin = part * d, .count = d}),
          {begin, begin + static_cast<std::ptrdiff_t>(d)}};
}

Gpt2Norm LoadNorm(WeightLoader& load, const std::string& name, size_t d) {
  return {load.Vector(name + ".weight", d), load.Vector(name + ".bias", d)};
}

}  // namespace

constinit const HuggingFaceNames kGpt2Names = {kKeys, kWeights, kPrefixes};

Gpt2Config Gpt2Config::Read(const ModelSource& source) {
  const ConfigReader read(source);
  Gpt2Config c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 1, 1 << 20);
  c.ffn_dim = read.CountOr("feed_forward_length", 4 * c.model_dim, 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  if (c.model_dim % (16 * c.num_heads) != 0) {
    read.Fail("attention.head_count",
              "does not divide the width of the model into multiples of 16");
  }
  c.head_dim = c.model_dim / c.num_heads;
  c.max_seq_len = read.Count("context_length", 1, 1 << 20);
  c.norm_eps =
      static_cast<float>(read.Number("attention.layer_norm_epsilon", {.low = 0.0, .high = 1.0}));
  if (const std::string act = read.TextOr("activation_function", "gelu_new");
      act != "gelu_new" && act != "gelu_pytorch_tanh") {
    read.Fail("activation_function", "is '" + act + "', this family computes gelu_new");
  }
  if (source.FindBool("scale_attn_by_inverse_layer_idx").value_or(false)) {
    read.Fail("scale_attn_by_inverse_layer_idx", "is true, which is not supported");
  }
  if (!source.FindBool("scale_attn_weights").value_or(true)) {
    read.Fail("scale_attn_weights", "is false, which is not supported");
  }
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  return c;
}

std::unique_ptr<Gpt2> Gpt2::Load(const ModelSource& source, const LoadOptions& options,
                                 ThreadTeam& team) {
  CHECK(options.kernels != nullptr);
  const Gpt2Config config = Gpt2Config::Read(source);
  auto model = std::unique_ptr<Gpt2>(
      new Gpt2({.architecture = "gpt2",
                .shape = {config.model_dim, config.num_heads, config.num_heads, config.head_dim,
                          config.ffn_dim, config.vocab_size, /*attention_window=*/0},
                .num_layers = config.num_layers,
                .max_seq_len = config.max_seq_len,
                .norm_eps = config.norm_eps,
                .kernels = options.kernels},
               config));
  const Gpt2Config& c = model->config_;
  WeightLoader load(source, options, team);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    Gpt2Layer layer;
    layer.attn_norm = LoadNorm(load, block + "attn_norm", c.model_dim);
    layer.q = LoadThird(load, block + "attn_qkv", 0, c.model_dim);
    layer.k = LoadThird(load, block + "attn_qkv", 1, c.model_dim);
    layer.v = LoadThird(load, block + "attn_qkv", 2, c.model_dim);
    layer.o_proj = LoadLinear(load, block + "attn_output", c.model_dim, c.model_dim);
    layer.ffn_norm = LoadNorm(load, block + "ffn_norm", c.model_dim);
    layer.up_proj = LoadLinear(load, block + "ffn_up", c.ffn_dim, c.model_dim);
    layer.down_proj = LoadLinear(load, block + "ffn_down", c.model_dim, c.ffn_dim);
    model->layers_.push_back(std::move(layer));
  }
  model->position_embedding_ = &load.View("position_embd.weight", c.max_seq_len, c.model_dim);
  model->LoadEnds(source, load, HeadNorm::kLayerNorm);
  return model;
}

void Gpt2::VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const {
  for (const Gpt2Layer& layer : layers_) {
    for (const Gpt2Linear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o_proj, &layer.up_proj, &layer.down_proj}) {
      visit(linear->weights);
    }
  }
}

// x = E[token] + P[position]
void Gpt2::Embed(const TokenBatch& batch, Workspace& ws) const {
  DecoderBase::Embed(batch, ws);
  const size_t d = config_.model_dim;
  const std::vector<uint32_t>& positions = ws.attention.positions();
  for (size_t t = 0; t < positions.size(); ++t) {
    DequantizeRow(*position_embedding_, positions[t], {ws.normed.data() + t * d, d});
  }
  kernels().add_bias(ws.x.data(), ws.normed.data(), 1, positions.size() * d);
}

// x += Wo attention(Wq h + bq, Wk h + bk, Wv h + bv) + bo,  h = layer_norm(x)
void Gpt2::Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const {
  const size_t d = config_.model_dim;
  const Gpt2Layer& layer = layers_[rows.layer];
  const size_t num_rows = rows.num_rows();
  Normalize(layer.attn_norm, rows.num_tokens, ws);
  MatMulInput h(kernels(), team, ws.normed.data(), rows.num_tokens, d, ws.activations);
  h.Multiply(layer.k.weights, ws.k.data(), d);
  h.Multiply(layer.v.weights, ws.v.data(), d);
  kernels().add_bias(ws.k.data(), layer.k.bias.data(), rows.num_tokens, d);
  kernels().add_bias(ws.v.data(), layer.v.bias.data(), rows.num_tokens, d);
  ws.phases.End(Phase::kAttentionInput);
  ws.attention.StoreKeyValues(kernels(), team, rows.layer, ws.k.data(), ws.v.data());
  ws.phases.End(Phase::kPositions);
  if (!KeepWanted(rows, h, ws)) return;

  h.Multiply(layer.q.weights, ws.q.data(), d);
  kernels().add_bias(ws.q.data(), layer.q.bias.data(), num_rows, d);
  const float query_scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
  kernels().scale(ws.q.data(), query_scale, ws.q.data(), num_rows * d);
  ws.phases.End(Phase::kAttentionInput);
  ws.attention.Run(kernels(), team, rows.layer);
  ws.phases.End(Phase::kAttention);
  MatMulInput attended(kernels(), team, ws.attended.data(), num_rows, d, ws.activations);
  attended.Multiply(layer.o_proj.weights, ws.x.data(), d, kernels::Store::kAdd);
  kernels().add_bias(ws.x.data(), layer.o_proj.bias.data(), num_rows, d);
  ws.phases.End(Phase::kAttentionOutput);
}

// x += Wdown gelu(Wup h + bup) + bdown,  h = layer_norm(x)
void Gpt2::FeedForward(size_t layer_index, size_t num_rows, Workspace& ws, ThreadTeam& team) const {
  const size_t d = config_.model_dim;
  const size_t f = config_.ffn_dim;
  const Gpt2Layer& layer = layers_[layer_index];
  Normalize(layer.ffn_norm, num_rows, ws);
  MatMulInput h(kernels(), team, ws.normed.data(), num_rows, d, ws.activations);
  h.Multiply(layer.up_proj.weights, ws.up.data(), f);
  kernels().add_bias(ws.up.data(), layer.up_proj.bias.data(), num_rows, f);
  kernels().gelu_tanh(ws.up.data(), ws.up.data(), num_rows * f);
  MatMulInput widened(kernels(), team, ws.up.data(), num_rows, f, ws.activations);
  widened.Multiply(layer.down_proj.weights, ws.x.data(), d, kernels::Store::kAdd);
  kernels().add_bias(ws.x.data(), layer.down_proj.bias.data(), num_rows, d);
  ws.phases.End(Phase::kFeedForward);
}

void Gpt2::Normalize(const Gpt2Norm& norm, size_t num_rows, Workspace& ws) const {
  kernels().layer_norm({ws.x.data(), norm.weights.data(), norm.bias.data(), ws.normed.data(),
                        num_rows, config_.model_dim, config_.norm_eps});
}

}  // namespace rowmill
