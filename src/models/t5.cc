#include "models/t5.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "base/real_math.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

using Key = HuggingFaceNames::Key;
using Weight = HuggingFaceNames::Weight;

constexpr std::array kT5Keys = {
    Key{"embedding_length", "d_model"},
    Key{"feed_forward_length", "d_ff"},
    Key{"block_count", "num_layers"},
    Key{"decoder_block_count", "num_decoder_layers"},
    Key{"attention.head_count", "num_heads"},
    Key{"attention.key_length", "d_kv"},
    Key{"context_length", "n_positions"},
    Key{"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
    Key{"attention.relative_buckets_count", "relative_attention_num_buckets"},
    Key{"attention.relative_max_distance", "relative_attention_max_distance"},
    Key{"feed_forward", "feed_forward_proj"},
    Key{"tied_head", "tie_word_embeddings"},
    Key{"eos_token_id", "eos_token_id"},
    Key{"decoder_start_token_id", "decoder_start_token_id"},
};
constexpr std::array kT5Weights = {
    Weight{"token_embd", "shared"},
    Weight{"token_embd", "encoder.embed_tokens"},
    Weight{"output", "lm_head"},
    Weight{"enc.attn_rel_b", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias"},
    Weight{"enc.blk.#.attn_q", "encoder.block.#.layer.0.SelfAttention.q"},
    Weight{"enc.blk.#.attn_k", "encoder.block.#.layer.0.SelfAttention.k"},
    Weight{"enc.blk.#.attn_v", "encoder.block.#.layer.0.SelfAttention.v"},
    Weight{"enc.blk.#.attn_o", "encoder.block.#.layer.0.SelfAttention.o"},
    Weight{"enc.blk.#.attn_norm", "encoder.block.#.layer.0.layer_norm"},
    Weight{"enc.blk.#.ffn_gate", "encoder.block.#.layer.1.DenseReluDense.wi_0"},
    Weight{"enc.blk.#.ffn_up", "encoder.block.#.layer.1.DenseReluDense.wi_1"},
    Weight{"enc.blk.#.ffn_up", "encoder.block.#.layer.1.DenseReluDense.wi"},
    Weight{"enc.blk.#.ffn_down", "encoder.block.#.layer.1.DenseReluDense.wo"},
    Weight{"enc.blk.#.ffn_norm", "encoder.block.#.layer.1.layer_norm"},
    Weight{"enc.output_norm", "encoder.final_layer_norm"},
    Weight{"dec.attn_rel_b", "decoder.block.0.layer.0.SelfAttention.relative_attention_bias"},
    Weight{"dec.blk.#.attn_q", "decoder.block.#.layer.0.SelfAttention.q"},
    Weight{"dec.blk.#.attn_k", "decoder.block.#.layer.0.SelfAttention.k"},
    Weight{"dec.blk.#.attn_v", "decoder.block.#.layer.0.SelfAttention.v"},
    Weight{"dec.blk.#.attn_o", "decoder.block.#.layer.0.SelfAttention.o"},
    Weight{"dec.blk.#.attn_norm", "decoder.block.#.layer.0.layer_norm"},
    Weight{"dec.blk.#.cross_attn_q", "decoder.block.#.layer.1.EncDecAttention.q"},
    Weight{"dec.blk.#.cross_attn_k", "decoder.block.#.layer.1.EncDecAttention.k"},
    Weight{"dec.blk.#.cross_attn_v", "decoder.block.#.layer.1.EncDecAttention.v"},
    Weight{"dec.blk.#.cross_attn_o", "decoder.block.#.layer.1.EncDecAttention.o"},
    Weight{"dec.blk.#.cross_attn_norm", "decoder.block.#.layer.1.layer_norm"},
    Weight{"dec.blk.#.ffn_gate", "decoder.block.#.layer.2.DenseReluDense.wi_0"},
    Weight{"dec.blk.#.ffn_up", "decoder.block.#.layer.2.DenseReluDense.wi_1"},
    Weight{"dec.blk.#.ffn_up", "decoder.block.#.layer.2.DenseReluDense.wi"},
    Weight{"dec.blk.#.ffn_down", "decoder.block.#.layer.2.DenseReluDense.wo"},
    Weight{"dec.blk.#.ffn_norm", "decoder.block.#.layer.2.layer_norm"},
    Weight{"dec.output_norm", "decoder.final_layer_norm"},
};

// Of folders that name no length: what all published T5 models were trained with.
constexpr size_t kDefaultLength = 512;

T5Attention LoadAttention(WeightLoader& load, const std::string& name, const T5Config& c) {
  const size_t d = c.model_dim;
  const size_t width = c.num_heads * c.head_dim;
  return {load.Vector(name + "_norm.weight", d), load.Matrix(name + "_q.weight", width, d),
          load.Matrix(name + "_k.weight", width, d), load.Matrix(name + "_v.weight", width, d),
          load.Matrix(name + "_o.weight", d, width)};
}

T5FeedForward LoadFeedForward(WeightLoader& load, const std::string& block, const T5Config& c) {
  T5FeedForward layer;
  layer.norm = load.Vector(block + "ffn_norm.weight", c.model_dim);
  if (c.feed_forward == T5Config::FeedForward::kGatedGelu) {
    layer.gate_proj = load.Matrix(block + "ffn_gate.weight", c.ffn_dim, c.model_dim);
  }
  layer.up_proj = load.Matrix(block + "ffn_up.weight", c.ffn_dim, c.model_dim);
  layer.down_proj = load.Matrix(block + "ffn_down.weight", c.model_dim, c.ffn_dim);
  return layer;
}

DistanceBias LoadBias(WeightLoader& load, const std::string& name, T5Side side, const T5Config& c) {
  const TensorView& table = load.View(name, c.num_buckets, c.num_heads);
  std::vector<float> values(c.num_buckets * c.num_heads);
  for (size_t bucket = 0; bucket < c.num_buckets; ++bucket) {
    DequantizeRow(table, bucket, std::span(values).subspan(bucket * c.num_heads, c.num_heads));
  }
  DistanceBias bias;
  bias.max_length = c.max_length;
  const size_t width = 2 * c.max_length - 1;
  bias.values.resize(c.num_heads * width);
  for (size_t i = 0; i < width; ++i) {
    const int64_t distance = static_cast<int64_t>(i) - static_cast<int64_t>(c.max_length - 1);
    const size_t bucket = T5Bucket(distance, side, c.num_buckets, c.max_distance);
    for (size_t head = 0; head < c.num_heads; ++head) {
      bias.values[head * width + i] = values[bucket * c.num_heads + head];
    }
  }
  return bias;
}

size_t AttentionBytes(const T5Attention& layer) {
  return layer.q_proj.bytes() + layer.k_proj.bytes() + layer.v_proj.bytes() + layer.o_proj.bytes();
}
size_t FeedForwardBytes(const T5FeedForward& layer) {
  return layer.gate_proj.bytes() + layer.up_proj.bytes() + layer.down_proj.bytes();
}

}  // namespace

const HuggingFaceNames kT5Names = {kT5Keys, kT5Weights};

size_t T5Bucket(int64_t distance, T5Side side, size_t num_buckets, size_t max_distance) {
  size_t first = 0;
  if (side == T5Side::kEncoder) {
    num_buckets /= 2;
    if (distance > 0) first = num_buckets;
  } else if (distance > 0) {
    distance = 0;  // never seen
  }
  const auto length = static_cast<size_t>(distance < 0 ? -distance : distance);
  const size_t num_exact = num_buckets / 2;
  if (length < num_exact) return first + length;
  const double share = RealLog(static_cast<double>(length) / static_cast<double>(num_exact)) /
                       RealLog(static_cast<double>(max_distance) / static_cast<double>(num_exact));
  // Where the share is a whole number of buckets (a distance of 16, 32 or 64 of 128), rounding must
  // not decide; no other distance is so near to one.
  const auto beyond =
      static_cast<size_t>(share * static_cast<double>(num_buckets - num_exact) + 1e-9);
  return first + std::min(num_exact + beyond, num_buckets - 1);
}

T5Config T5Config::Read(const ModelSource& source) {
  const ConfigReader read(source);
  T5Config c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.num_decoder_layers = read.CountOr("decoder_block_count", c.num_layers, 1, 1024);
  c.model_dim = read.Count("embedding_length", 1, 1 << 20);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  c.head_dim = read.Count("attention.key_length", 1, 1 << 14);
  if (c.head_dim % 16 != 0) read.Fail("attention.key_length", "is not a multiple of 16");
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  c.max_length = read.CountOr("context_length", kDefaultLength, 1, 1 << 16);
  c.num_buckets = read.CountOr("attention.relative_buckets_count", 32, 4, 1 << 16);
  c.max_distance = read.CountOr("attention.relative_max_distance", 128, 1, 1 << 20);
  if (c.num_buckets % 4 != 0 || c.max_distance <= c.num_buckets / 2) {
    read.Fail("attention.relative_buckets_count",
              "and the greatest distance make no buckets; their number must be divisible by 4 and "
              "half of it below the distance");
  }
  c.norm_eps = static_cast<float>(
      read.NumberOr("attention.layer_norm_rms_epsilon", 1e-6, {.low = 0.0, .high = 1.0}));
  c.end_token = static_cast<int32_t>(read.CountOr("eos_token_id", 1, 0, c.vocab_size - 1));
  c.first_token =
      static_cast<int32_t>(read.CountOr("decoder_start_token_id", 0, 0, c.vocab_size - 1));
  const std::string feed_forward = read.TextOr("feed_forward", "relu");
  if (feed_forward == "gated-gelu") {
    c.feed_forward = FeedForward::kGatedGelu;
  } else if (feed_forward != "relu") {
    read.Fail("feed_forward", "is '" + feed_forward + "', supported are relu and gated-gelu");
  }
  c.head = source.FindBool("tied_head").value_or(true) ? Head::kTied : Head::kOwn;
  return c;
}

std::unique_ptr<T5> T5::Load(const ModelSource& source, const LoadOptions& load_options,
                             ThreadTeam& team) {
  CHECK(load_options.kernels != nullptr);
  auto model = std::unique_ptr<T5>(new T5());
  model->kernels_ = load_options.kernels;
  model->config_ = T5Config::Read(source);
  const T5Config& c = model->config_;
  WeightLoader load(source, load_options, team);
  model->token_embedding_ = &load.View("token_embd.weight", c.vocab_size, c.model_dim);
  model->head_ =
      load.Matrix(c.head == T5Config::Head::kTied ? "token_embd.weight" : "output.weight",
                  c.vocab_size, c.model_dim);
  model->encoder_bias_ = LoadBias(load, "enc.attn_rel_b.weight", T5Side::kEncoder, c);
  model->decoder_bias_ = LoadBias(load, "dec.attn_rel_b.weight", T5Side::kDecoder, c);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "enc.blk." + std::to_string(i) + ".";
    model->encoder_.push_back(
        {LoadAttention(load, block + "attn", c), LoadFeedForward(load, block, c)});
  }
  for (size_t i = 0; i < c.num_decoder_layers; ++i) {
    const std::string block = "dec.blk." + std::to_string(i) + ".";
    model->decoder_.push_back({LoadAttention(load, block + "attn", c),
                               LoadAttention(load, block + "cross_attn", c),
                               LoadFeedForward(load, block, c)});
  }
  model->encoder_norm_ = load.Vector("enc.output_norm.weight", c.model_dim);
  model->decoder_norm_ = load.Vector("dec.output_norm.weight", c.model_dim);
  model->num_parameters_ = load.num_parameters();
  return model;
}

// The gate and what it gates are held side by side.
EncoderShape T5::shape() const {
  const bool is_gated = config_.feed_forward == T5Config::FeedForward::kGatedGelu;
  return {.model_dim = config_.model_dim,
          .num_heads = config_.num_heads,
          .head_dim = config_.head_dim,
          .ffn_dim = config_.ffn_dim * (is_gated ? 2 : 1),
          .pre_norm = true};
}

size_t T5::weight_bytes() const {
  size_t bytes = head_.bytes();
  for (const T5EncoderLayer& layer : encoder_) {
    bytes += AttentionBytes(layer.self_attn) + FeedForwardBytes(layer.ffn);
  }
  for (const T5DecoderLayer& layer : decoder_) {
    bytes += AttentionBytes(layer.self_attn) + AttentionBytes(layer.cross_attn) +
             FeedForwardBytes(layer.ffn);
  }
  return bytes;
}

size_t T5::macs_per_source_token() const {
  const size_t width = config_.num_heads * config_.head_dim;
  return config_.model_dim * (config_.num_layers * (4 * width + shape().ffn_dim + config_.ffn_dim) +
                              config_.num_decoder_layers * 2 * width);
}

size_t T5::macs_per_target_token() const {
  const size_t width = config_.num_heads * config_.head_dim;
  return config_.model_dim *
         (config_.num_decoder_layers * (6 * width + shape().ffn_dim + config_.ffn_dim) +
          config_.vocab_size);
}

void T5::Embed(int32_t token, std::span<float> x) const {
  CHECK(token >= 0 && static_cast<size_t>(token) < config_.vocab_size);
  DequantizeRow(*token_embedding_, static_cast<size_t>(token), x);
}

void T5::Normalize(const std::vector<float>& norm, size_t num_tokens, const float* x,
                   float* y) const {
  kernels_->rms_norm(x, norm.data(), y, num_tokens, config_.model_dim, config_.norm_eps);
}

void T5::ProjectInputs(const T5Attention& layer, size_t num_tokens, EncoderWorkspace& ws,
                       ThreadTeam& team) const {
  const size_t width = config_.num_heads * config_.head_dim;
  Normalize(layer.norm, num_tokens, ws.x.data(), ws.normed.data());
  MatMulInput input(*kernels_, team, ws.normed.data(), num_tokens, config_.model_dim,
                    ws.activations);
  input.Multiply(layer.q_proj, ws.q.data(), width);
  input.Multiply(layer.k_proj, ws.k.data(), width);
  input.Multiply(layer.v_proj, ws.v.data(), width);
}

void T5::AddAttended(const T5Attention& layer, size_t num_tokens, EncoderWorkspace& ws,
                     ThreadTeam& team) const {
  MatMulInput attended(*kernels_, team, ws.attended.data(), num_tokens,
                       config_.num_heads * config_.head_dim, ws.activations);
  attended.Multiply(layer.o_proj, ws.x.data(), config_.model_dim, kernels::Store::kAdd);
}

// x = x + Wdown act(Wup norm(x))
void T5::FeedForward(const T5FeedForward& layer, size_t num_tokens, EncoderWorkspace& ws,
                     ThreadTeam& team) const {
  const size_t f = config_.ffn_dim;
  Normalize(layer.norm, num_tokens, ws.x.data(), ws.normed.data());
  MatMulInput input(*kernels_, team, ws.normed.data(), num_tokens, config_.model_dim,
                    ws.activations);
  float* h = ws.hidden.data();
  if (config_.feed_forward == T5Config::FeedForward::kGatedGelu) {
    float* up = h + num_tokens * f;
    input.Multiply(layer.gate_proj, h, f);
    input.Multiply(layer.up_proj, up, f);
    kernels_->geglu_tanh(h, up, h, num_tokens * f);
  } else {
    input.Multiply(layer.up_proj, h, f);
    kernels_->relu(h, h, num_tokens * f);
  }
  MatMulInput hidden(*kernels_, team, h, num_tokens, f, ws.activations);
  hidden.Multiply(layer.down_proj, ws.x.data(), config_.model_dim, kernels::Store::kAdd);
}

void T5::Encode(const EncoderBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
                std::span<SourceMemory> memories) const {
  EncoderWorkspace& ws = workspace.layers;
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  CHECK(num_tokens <= ws.max_tokens());
  ForEachSourceToken(batch, max_source_len(), [&](size_t token, size_t /*position*/) {
    Embed(batch.tokens[token], {ws.x.data() + token * d, d});
  });
  for (const T5EncoderLayer& layer : encoder_) {
    ProjectInputs(layer.self_attn, num_tokens, ws, team);
    AttendWithinTexts(*kernels_, shape(), batch.lengths, encoder_bias_, ws, team);
    AddAttended(layer.self_attn, num_tokens, ws, team);
    FeedForward(layer.ffn, num_tokens, ws, team);
  }
  AllocateMemories(batch, source_shape(), memories);
  Normalize(encoder_norm_, num_tokens, ws.x.data(), ws.normed.data());
  MatMulInput encoded(*kernels_, team, ws.normed.data(), num_tokens, d, ws.activations);
  const size_t width = config_.num_heads * config_.head_dim;
  for (size_t i = 0; i < decoder_.size(); ++i) {
    encoded.Multiply(decoder_[i].cross_attn.k_proj, ws.k.data(), width);
    encoded.Multiply(decoder_[i].cross_attn.v_proj, ws.v.data(), width);
    FillMemories(batch, i, shape(), ws, memories);
  }
}

void T5::Step(const TargetBatch& batch, EncoderDecoderWorkspace& workspace, ThreadTeam& team,
              LogitsVisitor visit) const {
  EncoderWorkspace& ws = workspace.layers;
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  CHECK(num_tokens <= ws.max_tokens());
  CHECK(batch.sources.size() == num_tokens && batch.states.size() == num_tokens);
  for (size_t i = 0; i < num_tokens; ++i) {
    CHECK(batch.states[i]->length() < max_target_len());
    Embed(batch.tokens[i], {ws.x.data() + i * d, d});
    batch.states[i]->Extend();
  }
  for (size_t i = 0; i < decoder_.size(); ++i) {
    const T5DecoderLayer& layer = decoder_[i];
    ProjectInputs(layer.self_attn, num_tokens, ws, team);
    AttendToPast(*kernels_, batch, i, shape(), decoder_bias_, workspace, team);
    AddAttended(layer.self_attn, num_tokens, ws, team);
    Normalize(layer.cross_attn.norm, num_tokens, ws.x.data(), ws.normed.data());
    MatMulInput input(*kernels_, team, ws.normed.data(), num_tokens, d, ws.activations);
    input.Multiply(layer.cross_attn.q_proj, ws.q.data(), config_.num_heads * config_.head_dim);
    AttendToSources(*kernels_, batch, i, shape(), workspace, team);
    AddAttended(layer.cross_attn, num_tokens, ws, team);
    FeedForward(layer.ffn, num_tokens, ws, team);
  }
  Normalize(decoder_norm_, num_tokens, ws.x.data(), ws.normed.data());
  if (config_.head == T5Config::Head::kTied) {
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    kernels_->scale(ws.normed.data(), scale, ws.normed.data(), num_tokens * d);
  }
  TargetHead{*kernels_, head_, {}}.Run(ws.normed.data(), num_tokens, workspace, team, visit);
}

}  // namespace rowmill
