#include "models/llama.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"

namespace rowmill {
namespace {

// Rotary tables for more positions than this are not built: 32,768 positions of a 64-wide head are
// 8 MB, and rows of a data set that need more are better split.
constexpr size_t kMaxPositions = 32768;

// GGUF stores the rows of llama's q and k so that rotary pairs are neighbours (2i, 2i+1); the
// kernels rotate half-split pairs (i, i + d/2). Undoing the converter's permutation of rows changes
// no dot product.
std::vector<uint32_t> HalfSplitOrder(size_t num_heads, size_t head_dim, size_t rotary_dim) {
  std::vector<uint32_t> order(num_heads * head_dim);
  for (size_t head = 0; head < num_heads; ++head) {
    for (size_t i = 0; i < head_dim; ++i) {
      size_t source = i;
      if (i < rotary_dim / 2) source = 2 * i;
      if (i >= rotary_dim / 2 && i < rotary_dim) source = 2 * (i - rotary_dim / 2) + 1;
      order[head * head_dim + i] = static_cast<uint32_t>(head * head_dim + source);
    }
  }
  return order;
}

// Tensors that this kind is not computed with: a file that has them is of another kind.
void RefuseParts(LlamaKind kind, const std::string& block, const WeightLoader& load) {
  for (const char* bias : {"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias"}) {
    load.Refuse(block + bias, "this family is computed without this bias");
  }
  for (const char* bias : {"attn_q.bias", "attn_k.bias", "attn_v.bias"}) {
    if (kind != LlamaKind::kQwen2) {
      load.Refuse(block + bias, "this family is computed without this bias");
    }
  }
  for (const char* norm : {"attn_q_norm.weight", "attn_k_norm.weight"}) {
    if (kind != LlamaKind::kQwen3) {
      load.Refuse(block + norm, "this family is computed without this norm");
    }
  }
}

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
    {"rope.freq_base", "rope_parameters.rope_theta"},
    {"rope.scaling.type", "rope_scaling.rope_type"},
    {"rope.scaling.type", "rope_scaling.type"},
    {"rope.scaling.type", "rope_parameters.rope_type"},
    {"rope.scaling.factor", "rope_scaling.factor"},
    {"rope.scaling.factor", "rope_parameters.factor"},
    {"rope.scaling.low_freq_factor", "rope_scaling.low_freq_factor"},
    {"rope.scaling.low_freq_factor", "rope_parameters.low_freq_factor"},
    {"rope.scaling.high_freq_factor", "rope_scaling.high_freq_factor"},
    {"rope.scaling.high_freq_factor", "rope_parameters.high_freq_factor"},
    {"rope.scaling.original_context_length", "rope_scaling.original_max_position_embeddings"},
    {"rope.scaling.original_context_length", "rope_parameters.original_max_position_embeddings"},
    // Without a counterpart in GGUF: what its converter decides once and for all.
    {"hidden_act", "hidden_act"},
    {"use_sliding_window", "use_sliding_window"},
    {"tie_word_embeddings", "tie_word_embeddings"},
};
constexpr HuggingFaceNames::Weight kWeights[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
    {"blk.#.attn_norm", "model.layers.#.input_layernorm"},
    {"blk.#.attn_q", "model.layers.#.self_attn.q_proj"},
    {"blk.#.attn_k", "model.layers.#.self_attn.k_proj"},
    {"blk.#.attn_v", "model.layers.#.self_attn.v_proj"},
    {"blk.#.attn_q_norm", "model.layers.#.self_attn.q_norm"},
    {"blk.#.attn_k_norm", "model.layers.#.self_attn.k_norm"},
    {"blk.#.attn_output", "model.layers.#.self_attn.o_proj"},
    {"blk.#.ffn_norm", "model.layers.#.post_attention_layernorm"},
    {"blk.#.ffn_gate", "model.layers.#.mlp.gate_proj"},
    {"blk.#.ffn_up", "model.layers.#.mlp.up_proj"},
    {"blk.#.ffn_down", "model.layers.#.mlp.down_proj"},
};

}  // namespace

constinit const HuggingFaceNames kLlamaNames = {kKeys, kWeights};

LlamaConfig LlamaConfig::Read(const ModelSource& source) {
  const ConfigReader read(source);
  LlamaConfig c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 1, 1 << 20);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  c.num_kv_heads = read.CountOr("attention.head_count_kv", c.num_heads, 1, c.num_heads);
  if (c.num_heads % c.num_kv_heads != 0) {
    read.Fail("attention.head_count_kv", "does not divide the number of heads");
  }
  if (c.model_dim % c.num_heads != 0 && !source.FindInt("attention.key_length")) {
    read.Fail("attention.head_count", "does not divide the width of the model");
  }
  c.head_dim = read.CountOr("attention.key_length", c.model_dim / c.num_heads, 1, 4096);
  if (read.CountOr("attention.value_length", c.head_dim, 1, 4096) != c.head_dim) {
    read.Fail("attention.value_length", "differs from attention.key_length");
  }
  if (c.head_dim % 16 != 0) {
    read.Fail("attention.key_length",
              "is " + std::to_string(c.head_dim) + ", which is not a multiple of 16");
  }
  c.max_seq_len = std::min(read.Count("context_length", 1, size_t{1} << 30), kMaxPositions);
  // Up to the window's length a window changes nothing, and no row here is longer.
  if (source.FindBool("use_sliding_window").value_or(true)) {
    c.max_seq_len = std::min(c.max_seq_len, read.CountOr("attention.sliding_window", c.max_seq_len,
                                                         1, std::numeric_limits<uint32_t>::max()));
  }
  c.norm_eps = static_cast<float>(
      read.Number("attention.layer_norm_rms_epsilon", {.low = 0.0, .high = 1.0}));
  c.rotary = RotaryConfig::Read(read, c.head_dim);
  if (const std::string act = read.TextOr("hidden_act", "silu"); act != "silu") {
    read.Fail("hidden_act", "is '" + act + "', this family computes silu");
  }
  if (read.CountOr("expert_count", 0, 0, 1 << 16) != 0) {
    read.Fail("expert_count", "is not 0: mixtures of experts are not supported");
  }
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  return c;
}

std::unique_ptr<Llama> Llama::Load(LlamaKind kind, const ModelSource& source,
                                   const LoadOptions& options, ThreadTeam& team) {
  CHECK(options.kernels != nullptr);
  constexpr const char* kArchitectures[] = {"llama", "qwen2", "qwen3"};  // by LlamaKind
  const LlamaConfig config = LlamaConfig::Read(source);
  auto model = std::unique_ptr<Llama>(
      new Llama({.architecture = kArchitectures[static_cast<size_t>(kind)],
                 .shape = {config.model_dim, config.num_heads, config.num_kv_heads, config.head_dim,
                           config.ffn_dim, config.vocab_size, /*attention_window=*/0},
                 .num_layers = config.num_layers,
                 .max_seq_len = config.max_seq_len,
                 .norm_eps = config.norm_eps,
                 .kernels = options.kernels},
                config));
  const LlamaConfig& c = model->config_;
  const size_t q_dim = c.num_heads * c.head_dim;
  const size_t kv_dim = c.num_kv_heads * c.head_dim;
  WeightLoader load(source, options, team);

  std::vector<uint32_t> q_order, k_order;  // empty: the rows as they are
  if (kind == LlamaKind::kLlama && source.container() == ModelSource::Container::kGguf) {
    q_order = HalfSplitOrder(c.num_heads, c.head_dim, c.rotary.rotary_dim);
    k_order = HalfSplitOrder(c.num_kv_heads, c.head_dim, c.rotary.rotary_dim);
  }
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    RefuseParts(kind, block, load);
    LlamaLayer layer;
    layer.attn_norm = load.Vector(block + "attn_norm.weight", c.model_dim);
    layer.q_proj = load.Matrix(block + "attn_q.weight", q_dim, c.model_dim, q_order);
    layer.k_proj = load.Matrix(block + "attn_k.weight", kv_dim, c.model_dim, k_order);
    layer.v_proj = load.Matrix(block + "attn_v.weight", kv_dim, c.model_dim);
    if (kind == LlamaKind::kQwen2) {
      layer.q_bias = load.Vector(block + "attn_q.bias", q_dim);
      layer.k_bias = load.Vector(block + "attn_k.bias", kv_dim);
      layer.v_bias = load.Vector(block + "attn_v.bias", kv_dim);
    }
    if (kind == LlamaKind::kQwen3) {
      layer.q_norm = load.Vector(block + "attn_q_norm.weight", c.head_dim);
      layer.k_norm = load.Vector(block + "attn_k_norm.weight", c.head_dim);
    }
    layer.o_proj = load.Matrix(block + "attn_output.weight", c.model_dim, q_dim);
    layer.ffn_norm = load.Vector(block + "ffn_norm.weight", c.model_dim);
    layer.gate_proj = load.Matrix(block + "ffn_gate.weight", c.ffn_dim, c.model_dim);
    layer.up_proj = load.Matrix(block + "ffn_up.weight", c.ffn_dim, c.model_dim);
    layer.down_proj = load.Matrix(block + "ffn_down.weight", c.model_dim, c.ffn_dim);
    model->layers_.push_back(std::move(layer));
  }
  model->config_.rotary.ReadDivisors(load);
  model->LoadEnds(source, load, HeadNorm::kRootMeanSquare);
  model->rope_ = c.rotary.MakeTable(c.max_seq_len);
  return model;
}

void Llama::VisitMatrices(FunctionRef<void(const PackedWeights&)> visit) const {
  for (const LlamaLayer& layer : layers_) {
    for (const PackedWeights* w : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj,
                                   &layer.gate_proj, &layer.up_proj, &layer.down_proj}) {
      visit(*w);
    }
  }
}

// x += Wo attention(rope(Wq h), rope(Wk h), Wv h),  h = rms_norm(x)
void Llama::Attention(const LayerRows& rows, Workspace& ws, ThreadTeam& team) const {
  const LlamaConfig& c = config_;
  const LlamaLayer& layer = layers_[rows.layer];
  const size_t num_tokens = rows.num_tokens;
  const size_t num_rows = rows.num_rows();
  const size_t q_dim = c.num_heads * c.head_dim;
  const size_t kv_dim = c.num_kv_heads * c.head_dim;
  const bool biased = !layer.q_bias.empty();
  const bool normed = !layer.q_norm.empty();
  kernels().rms_norm(ws.x.data(), layer.attn_norm.data(), ws.normed.data(), num_tokens, c.model_dim,
                     c.norm_eps);
  MatMulInput h(kernels(), team, ws.normed.data(), num_tokens, c.model_dim, ws.activations);
  h.Multiply(layer.k_proj, ws.k.data(), kv_dim);
  h.Multiply(layer.v_proj, ws.v.data(), kv_dim);
  ws.phases.End(Phase::kAttentionInput);
  if (biased) {
    kernels().add_bias(ws.k.data(), layer.k_bias.data(), num_tokens, kv_dim);
    kernels().add_bias(ws.v.data(), layer.v_bias.data(), num_tokens, kv_dim);
  }
  if (normed) {
    kernels().rms_norm(ws.k.data(), layer.k_norm.data(), ws.k.data(), num_tokens * c.num_kv_heads,
                       c.head_dim, c.norm_eps);
  }
  rope_.Rotate(kernels(), ws.attention.positions(), ws.k.data(), c.num_kv_heads, c.head_dim);
  ws.attention.StoreKeyValues(kernels(), team, rows.layer, ws.k.data(), ws.v.data());
  ws.phases.End(Phase::kPositions);
  if (!KeepWanted(rows, h, ws)) return;

  h.Multiply(layer.q_proj, ws.q.data(), q_dim);
  ws.phases.End(Phase::kAttentionInput);
  if (biased) kernels().add_bias(ws.q.data(), layer.q_bias.data(), num_rows, q_dim);
  if (normed) {
    kernels().rms_norm(ws.q.data(), layer.q_norm.data(), ws.q.data(), num_rows * c.num_heads,
                       c.head_dim, c.norm_eps);
  }
  rope_.Rotate(kernels(), ws.attention.query_positions(), ws.q.data(), c.num_heads, c.head_dim);
  const float query_scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  kernels().scale(ws.q.data(), query_scale, ws.q.data(), num_rows * q_dim);
  ws.phases.End(Phase::kPositions);
  ws.attention.Run(kernels(), team, rows.layer);
  ws.phases.End(Phase::kAttention);
  MatMulInput attended(kernels(), team, ws.attended.data(), num_rows, q_dim, ws.activations);
  attended.Multiply(layer.o_proj, ws.x.data(), c.model_dim, kernels::Store::kAdd);
  ws.phases.End(Phase::kAttentionOutput);
}

// x += Wdown (silu(Wgate h) * Wup h),  h = rms_norm(x)
void Llama::FeedForward(size_t layer_index, size_t num_rows, Workspace& ws,
                        ThreadTeam& team) const {
  const LlamaConfig& c = config_;
  const LlamaLayer& layer = layers_[layer_index];
  kernels().rms_norm(ws.x.data(), layer.ffn_norm.data(), ws.normed.data(), num_rows, c.model_dim,
                     c.norm_eps);
  MatMulInput h(kernels(), team, ws.normed.data(), num_rows, c.model_dim, ws.activations);
  h.Multiply(layer.gate_proj, ws.gate.data(), c.ffn_dim);
  h.Multiply(layer.up_proj, ws.up.data(), c.ffn_dim);
  kernels().swiglu(ws.gate.data(), ws.up.data(), ws.gate.data(), num_rows * c.ffn_dim);
  MatMulInput gated(kernels(), team, ws.gate.data(), num_rows, c.ffn_dim, ws.activations);
  gated.Multiply(layer.down_proj, ws.x.data(), c.model_dim, kernels::Store::kAdd);
  ws.phases.End(Phase::kFeedForward);
}

}  // namespace rowmill
