#include "models/marian.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "base/real_math.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "models/whole_attention.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

using Key = HuggingFaceNames::Key;
using Weight = HuggingFaceNames::Weight;

constexpr std::array kMarianKeys = {
    Key{"embedding_length", "d_model"},
    Key{"feed_forward_length", "encoder_ffn_dim"},
    Key{"decoder_feed_forward_length", "decoder_ffn_dim"},
    Key{"block_count", "encoder_layers"},
    Key{"decoder_block_count", "decoder_layers"},
    Key{"attention.head_count", "encoder_attention_heads"},
    Key{"decoder_head_count", "decoder_attention_heads"},
    Key{"context_length", "max_position_embeddings"},
    Key{"attention.layer_norm_epsilon", "layer_norm_eps"},
    Key{"activation", "activation_function"},
    Key{"scale_embedding", "scale_embedding"},
    Key{"eos_token_id", "eos_token_id"},
    Key{"padding_token_id", "pad_token_id"},
    Key{"decoder_start_token_id", "decoder_start_token_id"},
    Key{"decoder_start", "decoder_start"},
    Key{"decoder_autoregression", "decoder_autoregression"},
    Key{"max_length_factor", "max_length_factor"},
};
constexpr std::array kMarianWeights = {
    Weight{"token_embd", "shared"},
    Weight{"token_embd", "encoder.embed_tokens"},
    Weight{"token_embd", "decoder.embed_tokens"},
    Weight{"token_embd", "lm_head"},
    Weight{"output_bias", "final_logits_bias"},
    Weight{"enc.blk.#.attn_q", "encoder.layers.#.self_attn.q_proj"},
    Weight{"enc.blk.#.attn_k", "encoder.layers.#.self_attn.k_proj"},
    Weight{"enc.blk.#.attn_v", "encoder.layers.#.self_attn.v_proj"},
    Weight{"enc.blk.#.attn_o", "encoder.layers.#.self_attn.out_proj"},
    Weight{"enc.blk.#.attn_norm", "encoder.layers.#.self_attn_layer_norm"},
    Weight{"enc.blk.#.ffn_up", "encoder.layers.#.fc1"},
    Weight{"enc.blk.#.ffn_down", "encoder.layers.#.fc2"},
    Weight{"enc.blk.#.ffn_norm", "encoder.layers.#.final_layer_norm"},
    Weight{"dec.blk.#.attn_q", "decoder.layers.#.self_attn.q_proj"},
    Weight{"dec.blk.#.attn_k", "decoder.layers.#.self_attn.k_proj"},
    Weight{"dec.blk.#.attn_v", "decoder.layers.#.self_attn.v_proj"},
    Weight{"dec.blk.#.attn_o", "decoder.layers.#.self_attn.out_proj"},
    Weight{"dec.blk.#.attn_norm", "decoder.layers.#.self_attn_layer_norm"},
    Weight{"dec.blk.#.ssru", "decoder.layers.#.rnn"},
    Weight{"dec.blk.#.ssru_forget", "decoder.layers.#.rnn.forget"},
    Weight{"dec.blk.#.ssru_norm", "decoder.layers.#.rnn_layer_norm"},
    Weight{"dec.blk.#.cross_attn_q", "decoder.layers.#.encoder_attn.q_proj"},
    Weight{"dec.blk.#.cross_attn_k", "decoder.layers.#.encoder_attn.k_proj"},
    Weight{"dec.blk.#.cross_attn_v", "decoder.layers.#.encoder_attn.v_proj"},
    Weight{"dec.blk.#.cross_attn_o", "decoder.layers.#.encoder_attn.out_proj"},
    Weight{"dec.blk.#.cross_attn_norm", "decoder.layers.#.encoder_attn_layer_norm"},
    Weight{"dec.blk.#.ffn_up", "decoder.layers.#.fc1"},
    Weight{"dec.blk.#.ffn_down", "decoder.layers.#.fc2"},
    Weight{"dec.blk.#.ffn_norm", "decoder.layers.#.final_layer_norm"},
};
constexpr std::array<std::string_view, 1> kMarianPrefixes = {"model."};

// Of folders that name none. Sines have no end, but no text of training was near it.
constexpr size_t kDefaultPositions = 512;
// Elements that swish goes through at a time.
constexpr size_t kSwishSlice = 1024;

MarianAttention LoadAttention(WeightLoader& load, const std::string& name, size_t d) {
  return {LoadLinear(load, name + "_q", d, d), LoadLinear(load, name + "_k", d, d),
          LoadLinear(load, name + "_v", d, d), LoadLinear(load, name + "_o", d, d),
          LoadLayerNorm(load, name + "_norm", d)};
}

MarianFeedForward LoadFeedForward(WeightLoader& load, const std::string& block, size_t d,
                                  size_t f) {
  return {LoadLinear(load, block + "ffn_up", f, d), LoadLinear(load, block + "ffn_down", d, f),
          LoadLayerNorm(load, block + "ffn_norm", d)};
}

// Sines in the first half of a row, cosines in the second.
std::vector<float> MakePositions(const MarianConfig& c) {
  const size_t n = c.model_dim / 2;
  const size_t steps = c.waves == MarianConfig::Waves::kMarian ? std::max<size_t>(1, n - 1) : n;
  std::vector<float> positions(c.num_positions * c.model_dim, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    const double frequency = RealPow(10000.0, -static_cast<double>(i) / static_cast<double>(steps));
    for (size_t p = 0; p < c.num_positions; ++p) {
      const SinCos wave = RealSinCos(static_cast<double>(p) * frequency);
      positions[p * c.model_dim + i] = static_cast<float>(wave.sin);
      positions[p * c.model_dim + n + i] = static_cast<float>(wave.cos);
    }
  }
  return positions;
}

int32_t TokenOr(const ConfigReader& read, std::string_view key, size_t vocab_size,
                int32_t fallback) {
  if (!read.source().FindInt(key)) return fallback;
  return static_cast<int32_t>(read.Count(key, 0, vocab_size - 1));
}

}  // namespace

const HuggingFaceNames kMarianNames = {kMarianKeys, kMarianWeights, kMarianPrefixes};

MarianConfig MarianConfig::Read(const ModelSource& source) {
  const ConfigReader read(source);
  MarianConfig c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.num_decoder_layers = read.Count("decoder_block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 2, 1 << 20);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 22);
  c.decoder_ffn_dim = read.Count("decoder_feed_forward_length", 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  if (read.Count("decoder_head_count", 1, 1 << 14) != c.num_heads) {
    read.Fail("decoder_head_count", "is another number than the encoder's, which is not supported");
  }
  if (c.model_dim % (16 * c.num_heads) != 0) {
    read.Fail("attention.head_count", "gives heads whose size is not a multiple of 16");
  }
  c.head_dim = c.model_dim / c.num_heads;
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  c.num_positions = read.CountOr("context_length", kDefaultPositions, 1, 1 << 16);
  c.norm_eps = static_cast<float>(
      read.NumberOr("attention.layer_norm_epsilon", 1e-5, {.low = 0.0, .high = 1.0}));
  if (source.FindBool("scale_embedding").value_or(false)) {
    c.embedding_scale = std::sqrt(static_cast<float>(c.model_dim));
  }
  c.max_length_factor = read.NumberOr("max_length_factor", 0.0, {.low = 0.0, .high = 100.0});
  c.end_token = static_cast<int32_t>(read.CountOr("eos_token_id", 0, 0, c.vocab_size - 1));

  const std::string activation = read.TextOr("activation", "relu");
  if (activation == "swish" || activation == "silu") {
    c.activation = Activation::kSwish;
  } else if (activation == "gelu") {
    c.activation = Activation::kGelu;
  } else if (activation != "relu") {
    read.Fail("activation", "is '" + activation + "', supported are relu, swish and gelu");
  }
  const std::string autoregression = read.TextOr("decoder_autoregression", "self-attention");
  if (autoregression == "ssru") {
    c.autoregression = Autoregression::kSsru;
  } else if (autoregression != "self-attention") {
    read.Fail("decoder_autoregression",
              "is '" + autoregression + "', supported are self-attention and ssru");
  }
  // Marian starts with a vector of zeros, its port with the embedding of the padding token, which
  // is zeros in what was converted.
  const std::string start = read.TextOr("decoder_start", "token");
  if (start == "zero-embedding") {
    c.waves = Waves::kMarian;
  } else if (start == "token") {
    c.suppressed_token = TokenOr(read, "padding_token_id", c.vocab_size, TargetBatch::kNoToken);
    c.first_token = TokenOr(read, "decoder_start_token_id", c.vocab_size, c.suppressed_token);
    if (c.first_token == TargetBatch::kNoToken) {
      read.Fail("decoder_start_token_id", "is missing, and pad_token_id too");
    }
    if (c.suppressed_token == c.end_token) c.suppressed_token = TargetBatch::kNoToken;
  } else {
    read.Fail("decoder_start", "is '" + start + "', supported are token and zero-embedding");
  }
  return c;
}

std::unique_ptr<Marian> Marian::Load(const ModelSource& source, const LoadOptions& load_options,
                                     ThreadTeam& team) {
  CHECK(load_options.kernels != nullptr);
  auto model = std::unique_ptr<Marian>(new Marian());
  model->kernels_ = load_options.kernels;
  model->config_ = MarianConfig::Read(source);
  const MarianConfig& c = model->config_;
  const size_t d = c.model_dim;
  WeightLoader load(source, load_options, team);
  model->token_embedding_ = &load.View("token_embd.weight", c.vocab_size, d);
  model->head_ = load.Matrix("token_embd.weight", c.vocab_size, d);
  model->head_bias_ = load.VectorIfAny("output_bias", c.vocab_size);
  model->positions_ = MakePositions(c);
  if (c.activation == MarianConfig::Activation::kSwish) model->ones_.assign(kSwishSlice, 1.0f);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "enc.blk." + std::to_string(i) + ".";
    model->encoder_.push_back(
        {LoadAttention(load, block + "attn", d), LoadFeedForward(load, block, d, c.ffn_dim)});
  }
  for (size_t i = 0; i < c.num_decoder_layers; ++i) {
    const std::string block = "dec.blk." + std::to_string(i) + ".";
    MarianDecoderLayer layer;
    if (c.autoregression == MarianConfig::Autoregression::kSsru) {
      layer.ssru = {LoadLinearWithoutBias(load, block + "ssru", d, d),
                    LoadLinear(load, block + "ssru_forget", d, d),
                    LoadLayerNorm(load, block + "ssru_norm", d)};
    } else {
      layer.self_attn = LoadAttention(load, block + "attn", d);
    }
    layer.cross_attn = LoadAttention(load, block + "cross_attn", d);
    layer.ffn = LoadFeedForward(load, block, d, c.decoder_ffn_dim);
    model->decoder_.push_back(std::move(layer));
  }
  model->num_parameters_ = load.num_parameters();
  return model;
}

EncoderShape Marian::shape() const {
  return {.model_dim = config_.model_dim,
          .num_heads = config_.num_heads,
          .head_dim = config_.head_dim,
          .ffn_dim = std::max(config_.ffn_dim, config_.decoder_ffn_dim)};
}

TargetState::Shape Marian::target_shape() const {
  const bool is_ssru = config_.autoregression == MarianConfig::Autoregression::kSsru;
  return {.num_layers = config_.num_decoder_layers,
          .cell_dim = is_ssru ? config_.model_dim : 0,
          .num_heads = config_.num_heads,
          .head_dim = config_.head_dim};
}

size_t Marian::weight_bytes() const {
  const auto attention_bytes = [](const MarianAttention& a) {
    return a.q_proj.bytes() + a.k_proj.bytes() + a.v_proj.bytes() + a.o_proj.bytes();
  };
  size_t bytes = head_.bytes() + positions_.size() * sizeof(float);
  for (const MarianEncoderLayer& layer : encoder_) {
    bytes +=
        attention_bytes(layer.self_attn) + layer.ffn.up_proj.bytes() + layer.ffn.down_proj.bytes();
  }
  for (const MarianDecoderLayer& layer : decoder_) {
    bytes += attention_bytes(layer.self_attn) + layer.ssru.input.bytes() +
             layer.ssru.forget.bytes() + attention_bytes(layer.cross_attn) +
             layer.ffn.up_proj.bytes() + layer.ffn.down_proj.bytes();
  }
  return bytes;
}

size_t Marian::macs_per_source_token() const {
  const size_t d = config_.model_dim;
  return config_.num_layers * d * (4 * d + 2 * config_.ffn_dim) +
         config_.num_decoder_layers * 2 * d * d;
}

size_t Marian::macs_per_target_token() const {
  const size_t d = config_.model_dim;
  const bool is_ssru = config_.autoregression == MarianConfig::Autoregression::kSsru;
  return config_.num_decoder_layers * d *
             ((is_ssru ? 2 : 4) * d + 2 * d + 2 * config_.decoder_ffn_dim) +
         config_.vocab_size * d;
}

void Marian::Normalize(const LayerNormWeights& norm, size_t num_tokens, float* x) const {
  kernels_->layer_norm({x, norm.weight.data(), norm.bias.data(), x, num_tokens, config_.model_dim,
                        config_.norm_eps});
}

// x = scale * E[token] + position
void Marian::Embed(int32_t token, size_t position, std::span<float> x) const {
  const size_t d = config_.model_dim;
  CHECK(position < config_.num_positions);
  if (token == TargetBatch::kNoToken) {
    std::fill(x.begin(), x.end(), 0.0f);
  } else {
    CHECK(token >= 0 && static_cast<size_t>(token) < config_.vocab_size);
    DequantizeRow(*token_embedding_, static_cast<size_t>(token), x);
    kernels_->scale(x.data(), config_.embedding_scale, x.data(), d);
  }
  kernels_->add_bias(x.data(), &positions_[position * d], 1, d);
}

void Marian::Encode(const EncoderBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
                    std::span<SourceMemory> memories) const {
  EncoderWorkspace& ws = workspace.layers;
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  CHECK(num_tokens <= ws.max_tokens());
  ForEachSourceToken(batch, max_source_len(), [&](size_t token, size_t position) {
    Embed(batch.tokens[token], position, {ws.x.data() + token * d, d});
  });
  for (const MarianEncoderLayer& layer : encoder_) {
    ProjectInputs(layer.self_attn, num_tokens, ws, team);
    AttendWithinTexts(*kernels_, shape(), batch.lengths, {}, ws, team);
    AddAttended(layer.self_attn, num_tokens, ws, team);
    FeedForward(layer.ffn, num_tokens, ws, team);
  }
  AllocateMemories(batch, source_shape(), memories);
  MatMulInput encoded(*kernels_, team, ws.x.data(), num_tokens, d, ws.activations);
  for (size_t i = 0; i < decoder_.size(); ++i) {
    ApplyLinear(*kernels_, decoder_[i].cross_attn.k_proj, encoded, ws.k.data());
    ApplyLinear(*kernels_, decoder_[i].cross_attn.v_proj, encoded, ws.v.data());
    FillMemories(batch, i, shape(), ws, memories);
  }
}

void Marian::Step(const TargetBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
                  LogitsVisitor visit) const {
  EncoderWorkspace& ws = workspace.layers;
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  CHECK(num_tokens <= ws.max_tokens());
  CHECK(batch.sources.size() == num_tokens && batch.states.size() == num_tokens);
  for (size_t i = 0; i < num_tokens; ++i) {
    Embed(batch.tokens[i], batch.states[i]->length(), {ws.x.data() + i * d, d});
    batch.states[i]->Extend();
  }
  for (size_t i = 0; i < decoder_.size(); ++i) {
    const MarianDecoderLayer& layer = decoder_[i];
    if (config_.autoregression == MarianConfig::Autoregression::kSsru) {
      RecurrentUnits(layer.ssru, i, batch, ws, team);
    } else {
      ProjectInputs(layer.self_attn, num_tokens, ws, team);
      AttendToPast(*kernels_, batch, i, shape(), {}, workspace, team);
      AddAttended(layer.self_attn, num_tokens, ws, team);
    }
    MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, d, ws.activations);
    ProjectQueries(layer.cross_attn, input, ws);
    AttendToSources(*kernels_, batch, i, shape(), workspace, team);
    AddAttended(layer.cross_attn, num_tokens, ws, team);
    FeedForward(layer.ffn, num_tokens, ws, team);
  }
  TargetHead{*kernels_, head_, head_bias_}.Run(ws.x.data(), num_tokens, workspace, team, visit);
}

void Marian::ProjectQueries(const MarianAttention& layer, MatMulInput& input,
                            EncoderWorkspace& ws) const {
  ApplyLinear(*kernels_, layer.q_proj, input, ws.q.data());
  const float scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
  kernels_->scale(ws.q.data(), scale, ws.q.data(), input.num_rows() * config_.model_dim);
}

void Marian::ProjectInputs(const MarianAttention& layer, size_t num_tokens, EncoderWorkspace& ws,
                           ThreadTeam& team) const {
  MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, config_.model_dim, ws.activations);
  ProjectQueries(layer, input, ws);
  ApplyLinear(*kernels_, layer.k_proj, input, ws.k.data());
  ApplyLinear(*kernels_, layer.v_proj, input, ws.v.data());
}

void Marian::AddAttended(const MarianAttention& layer, size_t num_tokens, EncoderWorkspace& ws,
                         ThreadTeam& team) const {
  MatMulInput attended(*kernels_, team, ws.attended.data(), num_tokens, config_.model_dim,
                       ws.activations);
  AddLinear(*kernels_, layer.o_proj, attended, ws.x.data());
  Normalize(layer.norm, num_tokens, ws.x.data());
}

// x = norm(x + Wdown act(Wup x))
void Marian::FeedForward(const MarianFeedForward& layer, size_t num_tokens, EncoderWorkspace& ws,
                         ThreadTeam& team) const {
  const size_t f = layer.up_proj.weight.n();
  float* h = ws.hidden.data();
  MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, config_.model_dim, ws.activations);
  ApplyLinear(*kernels_, layer.up_proj, input, h);
  switch (config_.activation) {
    case MarianConfig::Activation::kRelu:
      kernels_->relu(h, h, num_tokens * f);
      break;
    case MarianConfig::Activation::kGelu:
      kernels_->gelu_erf(h, h, num_tokens * f);
      break;
    case MarianConfig::Activation::kSwish:
      for (size_t i = 0; i < num_tokens * f; i += kSwishSlice) {
        kernels_->swiglu(h + i, ones_.data(), h + i, std::min(kSwishSlice, num_tokens * f - i));
      }
      break;
  }
  MatMulInput hidden(*kernels_, team, h, num_tokens, f, ws.activations);
  AddLinear(*kernels_, layer.down_proj, hidden, ws.x.data());
  Normalize(layer.norm, num_tokens, ws.x.data());
}

// f = sigmoid(Wf x + bf);  c = f c + (1 - f) W x;  x = norm(x + relu(c))
void Marian::RecurrentUnits(const MarianSsru& layer, size_t layer_index, const TargetBatch& batch,
                            EncoderWorkspace& ws, ThreadTeam& team) const {
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, d, ws.activations);
  ApplyLinear(*kernels_, layer.input, input, ws.v.data());
  ApplyLinear(*kernels_, layer.forget, input, ws.k.data());
  for (size_t i = 0; i < num_tokens; ++i) {
    kernels_->ssru({ws.k.data() + i * d, ws.v.data() + i * d, batch.states[i]->cell(layer_index),
                    ws.attended.data() + i * d, d});
  }
  kernels_->add_bias(ws.x.data(), ws.attended.data(), 1, num_tokens * d);
  Normalize(layer.norm, num_tokens, ws.x.data());
}

}  // namespace rowmill
