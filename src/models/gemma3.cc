#include "models/gemma3.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"

namespace rowmill {
namespace {

constexpr HuggingFaceNames::Key kKeys[] = {
    {"block_count", "num_hidden_layers"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"attention.sliding_window", "sliding_window"},
    {"context_length", "max_position_embeddings"},
    {"rope.freq_base", "rope_theta"},
    {"rope.freq_base", "rope_parameters.full_attention.rope_theta"},
    {"rope.freq_base_swa", "rope_local_base_freq"},
    {"rope.freq_base_swa", "rope_parameters.sliding_attention.rope_theta"},
    {"rope.scaling.type", "rope_scaling.rope_type"},
    {"rope.scaling.type", "rope_scaling.type"},
    {"rope.scaling.type", "rope_parameters.full_attention.rope_type"},
    {"rope.scaling.factor", "rope_scaling.factor"},
    {"rope.scaling.factor", "rope_parameters.full_attention.factor"},
    {"attn_logit_softcapping", "attn_logit_softcapping"},
    {"final_logit_softcapping", "final_logit_softcapping"},
    // Without a counterpart in GGUF: what its converter decides once and for all.
    {"layer_types", "layer_types"},
    {"sliding_window_pattern", "sliding_window_pattern"},
    {"query_pre_attn_scalar", "query_pre_attn_scalar"},
    {"hidden_activation", "hidden_activation"},
    {"use_bidirectional_attention", "use_bidirectional_attention"},
};
// Norm weights are stored as w - 1 there. `post_attention_layernorm` is what it says, unlike in the
// llama family.
constexpr HuggingFaceNames::Weight kWeights[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm", StoredAs::kMinusOne},
    {"output", "lm_head"},
    {"blk.#.attn_norm", "model.layers.#.input_layernorm", StoredAs::kMinusOne},
    {"blk.#.attn_q", "model.layers.#.self_attn.q_proj"},
    {"blk.#.attn_k", "model.layers.#.self_attn.k_proj"},
    {"blk.#.attn_v", "model.layers.#.self_attn.v_proj"},
    {"blk.#.attn_q_norm", "model.layers.#.self_attn.q_norm", StoredAs::kMinusOne},
    {"blk.#.attn_k_norm", "model.layers.#.self_attn.k_norm", StoredAs::kMinusOne},
    {"blk.#.attn_output", "model.layers.#.self_attn.o_proj"},
    {"blk.#.post_attention_norm", "model.layers.#.post_attention_layernorm", StoredAs::kMinusOne},
    {"blk.#.ffn_norm", "model.layers.#.pre_feedforward_layernorm", StoredAs::kMinusOne},
    {"blk.#.ffn_gate", "model.layers.#.mlp.gate_proj"},
    {"blk.#.ffn_up", "model.layers.#.mlp.up_proj"},
    {"blk.#.ffn_down", "model.layers.#.mlp.down_proj"},
    {"blk.#.post_ffw_norm", "model.layers.#.post_feedforward_layernorm", StoredAs::kMinusOne},
};

// Rotary tables for more positions than this are not built (models/llama.cc).
constexpr size_t kMaxPositions = 32768;
// Every sixth layer sees all keys, unless the config says otherwise.
constexpr size_t kDefaultPattern = 6;

std::vector<AttentionReach> ReadReach(const ConfigReader& read, size_t num_layers) {
  std::vector<AttentionReach> reach(num_layers, AttentionReach::kWindow);
  if (const auto types = read.source().FindStrings("layer_types")) {
    if (types->size() != num_layers) read.Fail("layer_types", "has not one entry for each layer");
    for (size_t i = 0; i < num_layers; ++i) {
      const std::string_view type = (*types)[i];
      if (type == "full_attention") {
        reach[i] = AttentionReach::kAll;
      } else if (type != "sliding_attention") {
        read.Fail("layer_types", "names '" + std::string(type.substr(0, 80)) +
                                     "', known are full_attention and sliding_attention");
      }
    }
    return reach;
  }
  const size_t pattern = read.CountOr("sliding_window_pattern", kDefaultPattern, 1, 1024);
  for (size_t i = pattern - 1; i < num_layers; i += pattern) reach[i] = AttentionReach::kAll;
  return reach;
}

// 1 / sqrt(d), but for the one size (27B, known by its 62 layers) that scales by its width per
// head; a Hugging Face config says the number.
float QueryScale(const ConfigReader& read, const Gemma3Config& c) {
  const size_t fallback = c.num_layers == 62 ? c.model_dim / c.num_heads : c.head_dim;
  const double scalar = read.NumberOr("query_pre_attn_scalar", static_cast<double>(fallback),
                                      {.low = 1e-3, .high = 1e6});
  return 1.0f / std::sqrt(static_cast<float>(scalar));
}

}  // namespace

constinit const HuggingFaceNames kGemma3Names = {kKeys, kWeights};

Gemma3Config Gemma3Config::Read(const ModelSource& source) {
  const ConfigReader read(source);
  Gemma3Config c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 1, 1 << 20);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  c.num_kv_heads = read.CountOr("attention.head_count_kv", c.num_heads, 1, c.num_heads);
  if (c.num_heads % c.num_kv_heads != 0) {
    read.Fail("attention.head_count_kv", "does not divide the number of heads");
  }
  c.head_dim = read.CountOr("attention.key_length", 256, 1, 4096);
  if (read.CountOr("attention.value_length", c.head_dim, 1, 4096) != c.head_dim) {
    read.Fail("attention.value_length", "differs from attention.key_length");
  }
  if (c.head_dim % 16 != 0) {
    read.Fail("attention.key_length",
              "is " + std::to_string(c.head_dim) + ", which is not a multiple of 16");
  }
  c.max_seq_len = std::min(read.Count("context_length", 1, size_t{1} << 30), kMaxPositions);
  c.norm_eps = static_cast<float>(
      read.Number("attention.layer_norm_rms_epsilon", {.low = 0.0, .high = 1.0}));
  c.query_scale = QueryScale(read, c);
  c.window = static_cast<uint32_t>(read.Count("attention.sliding_window", 1, size_t{1} << 30));
  c.reach = ReadReach(read, c.num_layers);
  c.global_rotary = RotaryConfig::Read(read, c.head_dim);
  // What stretches the long reach leaves the short one alone.
  c.local_rotary.rotary_dim = c.global_rotary.rotary_dim;
  c.local_rotary.base = read.NumberOr("rope.freq_base_swa", 10000.0, {.low = 1.0, .high = 1e12});
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (read.NumberOr(key, 0.0, {.low = 0.0, .high = 1e9}) != 0.0) {
      read.Fail(key, "is not 0: soft-capping is Gemma 2's and is not supported");
    }
  }
  if (const std::string act = read.TextOr("hidden_activation", "gelu_pytorch_tanh");
      act != "gelu_pytorch_tanh") {
    read.Fail("hidden_activation", "is '" + act + "', this family computes gelu_pytorch_tanh");
  }
  if (source.FindBool("use_bidirectional_attention").value_or(false)) {
    read.Fail("use_bidirectional_attention", "is true: this is an encoder, not a language model");
  }
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  return c;
}

std::unique_ptr<Gemma3> Gemma3::Load(const ModelSource& source, const LoadOptions& options,
                                     ThreadTeam& team) {
  CHECK(options.kernels != nullptr);
  Gemma3Config config = Gemma3Config::Read(source);
  auto model = std::unique_ptr<Gemma3>(
      new Gemma3({.architecture = "gemma3",
                  .shape = {config.model_dim, config.num_heads, config.num_kv_heads,
                            config.head_dim, config.ffn_dim, config.vocab_size, config.window},
                  .num_layers = config.num_layers,
                  .max_seq_len = config.max_seq_len,
                  .norm_eps = config.norm_eps,
                  .kernels = options.kernels},
                 std::move(config)));
  const Gemma3Config& c = model->config_;
  const size_t q_dim = c.num_heads * c.head_dim;
  const size_t kv_dim = c.num_kv_heads * c.head_dim;
  WeightLoader load(source, options, team);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    for (const char* bias : {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias"}) {
      load.Refuse(block + bias, "this family is computed without biases");
    }
    Gemma3Layer layer;
    layer.attn_norm = load.Vector(block + "attn_norm.weight", c.model_dim);
    layer.q_proj = load.Matrix(block + "attn_q.weight", q_dim, c.model_dim);
    layer.k_proj = load.Matrix(block + "attn_k.weight", kv_dim, c.model_dim);
    layer.v_proj = load.Matrix(block + "attn_v.weight", kv_dim, c.model_dim);
    layer.q_norm = load.Vector(block + "attn_q_norm.weight", c.head_dim);
    layer.k_norm = load.Vector(block + "attn_k_norm.weight", c.head_dim);
    layer.o_proj = load.Matrix(block + "attn_output.weight", c.model_dim, q_dim);
    layer.post_attn_norm = load.Vector(block + "post_attention_norm.weight", c.model_dim);
    layer.ffn_norm = load.Vector(block + "ffn_norm.weight", c.model_dim);
    layer.gate_proj = load.Matrix(block + "ffn_gate.weight", c.ffn_dim, c.model_dim);
    layer.up_proj = load.Matrix(block + "ffn_up.weight", c.ffn_dim, c.model_dim);
    layer.down_proj = load.Matrix(block + "ffn_down.weight", c.model_dim, c.ffn_dim);
    layer.post_ffn_norm = load.Vector(block + "post_ffw_norm.weight", c.model_dim);
    model->layers_.push_back(std::move(layer));
  }
  model->LoadEnds(source, load, HeadNorm::kRootMeanSquare);
  model->global_rope_ = c.global_rotary.MakeTable(c.max_seq_len);
  model->local_rope_ = c.local_rotary.MakeTable(c.max_seq_len);
  return model;
}

void Gemma3::VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const {
  for (const Gemma3Layer& layer : layers_) {
    for (const PackedWeights* w : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj,
                                   &layer.gate_proj, &layer.up_proj, &layer.down_proj}) {
      visit(*w);
    }
  }
}

// x = E[token] * sqrt(D)
void Gemma3::Embed(const TokenBatch& batch, Workspace& ws) const {
  DecoderBase::Embed(batch, ws);
  kernels().scale(ws.x.data(), std::sqrt(static_cast<float>(config_.model_dim)), ws.x.data(),
                  batch.tokens.size() * config_.model_dim);
}

// x += rms_norm(Wo attention(rope(rms_norm(Wq h)), rope(rms_norm(Wk h)), Wv h)),  h = rms_norm(x)
void Gemma3::Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const {
  const Gemma3Config& c = config_;
  const Gemma3Layer& layer = layers_[rows.layer];
  const AttentionReach reach = c.reach[rows.layer];
  const RopeTable& rope = reach == AttentionReach::kAll ? global_rope_ : local_rope_;
  const size_t num_tokens = rows.num_tokens;
  const size_t num_rows = rows.num_rows();
  const size_t q_dim = c.num_heads * c.head_dim;
  const size_t kv_dim = c.num_kv_heads * c.head_dim;
  kernels().rms_norm(ws.x.data(), layer.attn_norm.data(), ws.normed.data(), num_tokens, c.model_dim,
                     c.norm_eps);
  MatMulInput h(kernels(), team, ws.normed.data(), num_tokens, c.model_dim, ws.activations);
  h.Multiply(layer.k_proj, ws.k.data(), kv_dim);
  h.Multiply(layer.v_proj, ws.v.data(), kv_dim);
  ws.phases.End(Phase::kAttentionInput);
  // Of each head by itself: a head is a row of d.
  kernels().rms_norm(ws.k.data(), layer.k_norm.data(), ws.k.data(), num_tokens * c.num_kv_heads,
                     c.head_dim, c.norm_eps);
  rope.Rotate(kernels(), ws.attention.positions(), ws.k.data(), c.num_kv_heads, c.head_dim);
  ws.attention.StoreKeyValues(kernels(), team, rows.layer, ws.k.data(), ws.v.data());
  ws.phases.End(Phase::kPositions);
  if (!KeepWanted(rows, h, ws)) return;

  h.Multiply(layer.q_proj, ws.q.data(), q_dim);
  ws.phases.End(Phase::kAttentionInput);
  kernels().rms_norm(ws.q.data(), layer.q_norm.data(), ws.q.data(), num_rows * c.num_heads,
                     c.head_dim, c.norm_eps);
  rope.Rotate(kernels(), ws.attention.query_positions(), ws.q.data(), c.num_heads, c.head_dim);
  kernels().scale(ws.q.data(), c.query_scale, ws.q.data(), num_rows * q_dim);
  ws.phases.End(Phase::kPositions);
  ws.attention.Run(kernels(), team, rows.layer, reach);
  ws.phases.End(Phase::kAttention);
  MatMulInput attended(kernels(), team, ws.attended.data(), num_rows, q_dim, ws.activations);
  attended.Multiply(layer.o_proj, ws.normed.data(), c.model_dim);
  ws.phases.End(Phase::kAttentionOutput);
  AddNormed(layer.post_attn_norm, num_rows, ws);
}

// x += rms_norm(Wdown (gelu(Wgate h) * Wup h)),  h = rms_norm(x)
void Gemma3::FeedForward(size_t layer_index, size_t num_rows, Workspace& ws,
                         ThreadTeam& team) const {
  const Gemma3Config& c = config_;
  const Gemma3Layer& layer = layers_[layer_index];
  kernels().rms_norm(ws.x.data(), layer.ffn_norm.data(), ws.normed.data(), num_rows, c.model_dim,
                     c.norm_eps);
  MatMulInput h(kernels(), team, ws.normed.data(), num_rows, c.model_dim, ws.activations);
  h.Multiply(layer.gate_proj, ws.gate.data(), c.ffn_dim);
  h.Multiply(layer.up_proj, ws.up.data(), c.ffn_dim);
  kernels().geglu_tanh(ws.gate.data(), ws.up.data(), ws.gate.data(), num_rows * c.ffn_dim);
  MatMulInput gated(kernels(), team, ws.gate.data(), num_rows, c.ffn_dim, ws.activations);
  gated.Multiply(layer.down_proj, ws.normed.data(), c.model_dim);
  ws.phases.End(Phase::kFeedForward);
  AddNormed(layer.post_ffn_norm, num_rows, ws);
}

void Gemma3::AddNormed(const std::vector<float>& weights, size_t num_rows, Workspace& ws) const {
  const size_t d = config_.model_dim;
  kernels().rms_norm(ws.normed.data(), weights.data(), ws.normed.data(), num_rows, d,
                     config_.norm_eps);
  kernels().add_bias(ws.x.data(), ws.normed.data(), 1, num_rows * d);
}

}  // namespace rowmill
