#include "models/whisper.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/check.h"
#include "base/error.h"
#include "models/config_reader.h"
#include "models/language_model_head.h"
#include "models/weight_loader.h"
#include "models/whole_attention.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

using Key = HuggingFaceNames::Key;
using Weight = HuggingFaceNames::Weight;

constexpr std::array kKeys = {
    Key{"embedding_length", "d_model"},
    Key{"encoder_feed_forward_length", "encoder_ffn_dim"},
    Key{"feed_forward_length", "decoder_ffn_dim"},
    Key{"encoder_block_count", "encoder_layers"},
    Key{"block_count", "decoder_layers"},
    Key{"encoder_head_count", "encoder_attention_heads"},
    Key{"attention.head_count", "decoder_attention_heads"},
    Key{"mel_bands", "num_mel_bins"},
    Key{"source_length", "max_source_positions"},
    Key{"context_length", "max_target_positions"},
    Key{"activation", "activation_function"},
    Key{"scale_embedding", "scale_embedding"},
};
constexpr std::array kWeights = {
    Weight{"conv1", "encoder.conv1"},
    Weight{"conv2", "encoder.conv2"},
    Weight{"enc.position_embd", "encoder.embed_positions"},
    Weight{"enc.output_norm", "encoder.layer_norm"},
    Weight{"enc.blk.#.attn_norm", "encoder.layers.#.self_attn_layer_norm"},
    Weight{"enc.blk.#.attn_q", "encoder.layers.#.self_attn.q_proj"},
    Weight{"enc.blk.#.attn_k", "encoder.layers.#.self_attn.k_proj"},
    Weight{"enc.blk.#.attn_v", "encoder.layers.#.self_attn.v_proj"},
    Weight{"enc.blk.#.attn_o", "encoder.layers.#.self_attn.out_proj"},
    Weight{"enc.blk.#.ffn_norm", "encoder.layers.#.final_layer_norm"},
    Weight{"enc.blk.#.ffn_up", "encoder.layers.#.fc1"},
    Weight{"enc.blk.#.ffn_down", "encoder.layers.#.fc2"},
    Weight{"token_embd", "decoder.embed_tokens"},
    Weight{"position_embd", "decoder.embed_positions"},
    Weight{"output_norm", "decoder.layer_norm"},
    Weight{"dec.blk.#.attn_norm", "decoder.layers.#.self_attn_layer_norm"},
    Weight{"dec.blk.#.attn_q", "decoder.layers.#.self_attn.q_proj"},
    Weight{"dec.blk.#.attn_k", "decoder.layers.#.self_attn.k_proj"},
    Weight{"dec.blk.#.attn_v", "decoder.layers.#.self_attn.v_proj"},
    Weight{"dec.blk.#.attn_o", "decoder.layers.#.self_attn.out_proj"},
    Weight{"dec.blk.#.cross_attn_norm", "decoder.layers.#.encoder_attn_layer_norm"},
    Weight{"dec.blk.#.cross_attn_q", "decoder.layers.#.encoder_attn.q_proj"},
    Weight{"dec.blk.#.cross_attn_k", "decoder.layers.#.encoder_attn.k_proj"},
    Weight{"dec.blk.#.cross_attn_v", "decoder.layers.#.encoder_attn.v_proj"},
    Weight{"dec.blk.#.cross_attn_o", "decoder.layers.#.encoder_attn.out_proj"},
    Weight{"dec.blk.#.ffn_norm", "decoder.layers.#.final_layer_norm"},
    Weight{"dec.blk.#.ffn_up", "decoder.layers.#.fc1"},
    Weight{"dec.blk.#.ffn_down", "decoder.layers.#.fc2"},
};
constexpr std::array<std::string_view, 1> kPrefixes = {"model."};

constexpr size_t kTaps = 3;  // frames that a convolution reads

WhisperAttention LoadAttention(WeightLoader& load, const std::string& name, size_t d) {
  return {LoadLayerNorm(load, name + "_norm", d), LoadLinear(load, name + "_q", d, d),
          LoadLinearWithoutBias(load, name + "_k", d, d), LoadLinear(load, name + "_v", d, d),
          LoadLinear(load, name + "_o", d, d)};
}

WhisperFeedForward LoadFeedForward(WeightLoader& load, const std::string& block, size_t d,
                                   size_t f) {
  return {LoadLayerNorm(load, block + "ffn_norm", d), LoadLinear(load, block + "ffn_up", f, d),
          LoadLinear(load, block + "ffn_down", d, f)};
}

LinearLayer LoadConvolution(WeightLoader& load, const std::string& name, size_t n,
                            size_t channels) {
  return {load.Convolution(name + ".weight", {n, channels, kTaps}), load.Vector(name + ".bias", n)};
}

size_t BytesOf(const WhisperAttention& a) {
  return a.q_proj.bytes() + a.k_proj.bytes() + a.v_proj.bytes() + a.o_proj.bytes();
}
size_t BytesOf(const WhisperFeedForward& f) { return f.up_proj.bytes() + f.down_proj.bytes(); }

// Of generation_config.json, or of config.json, where older folders have it; empty where neither
// does.
std::vector<int32_t> ReadTokenList(const HuggingFaceFolder& folder, const char* name,
                                   size_t vocab_size) {
  const std::optional<JsonDocument> generation = folder.FindJson("generation_config.json");
  const nlohmann::json* list = generation ? generation->Find(name) : nullptr;
  if (list == nullptr) list = folder.config().Find(name);
  std::vector<int32_t> tokens;
  if (list == nullptr) return tokens;
  for (const nlohmann::json& token : *list) {
    if (!list->is_array() || !token.is_number_integer() || token.get<int64_t>() < 0 ||
        token.get<int64_t>() >= static_cast<int64_t>(vocab_size)) {
      throw ModelError("model '" + folder.name() + "': " + name +
                       " is not a list of the vocabulary's tokens");
    }
    tokens.push_back(token.get<int32_t>());
  }
  return tokens;
}

size_t FrameFloats(const WhisperConfig& c) {
  return c.num_positions * kTaps * std::max(2 * c.num_mel_bands, c.model_dim);
}

}  // namespace

const HuggingFaceNames kWhisperNames = {kKeys, kWeights, kPrefixes};

WhisperConfig WhisperConfig::Read(const ModelSource& source) {
  const ConfigReader read(source);
  WhisperConfig c;
  c.num_encoder_layers = read.Count("encoder_block_count", 1, 1024);
  c.num_layers = read.Count("block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 2, 1 << 16);
  c.encoder_ffn_dim = read.Count("encoder_feed_forward_length", 1, 1 << 18);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 18);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 12);
  if (read.Count("encoder_head_count", 1, 1 << 12) != c.num_heads) {
    read.Fail("encoder_head_count", "is another number than the decoder's, which is not supported");
  }
  if (c.model_dim % (16 * c.num_heads) != 0) {
    read.Fail("attention.head_count", "gives heads whose size is not a multiple of 16");
  }
  c.head_dim = c.model_dim / c.num_heads;
  c.num_mel_bands = read.CountOr("mel_bands", 80, 1, 512);
  c.num_positions = read.CountOr("source_length", 1500, 1, 1 << 14);
  c.max_seq_len = read.CountOr("context_length", 448, 8, 1 << 14);
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  if (const std::string act = read.TextOr("activation", "gelu"); act != "gelu") {
    read.Fail("activation", "is '" + act + "', this family computes gelu");
  }
  if (source.FindBool("scale_embedding").value_or(false)) {
    read.Fail("scale_embedding", "is true, which is not supported");
  }
  return c;
}

std::unique_ptr<Whisper> Whisper::Load(const ModelSource& source, const LoadOptions& options,
                                       ThreadTeam& team) {
  CHECK(options.kernels != nullptr);
  auto model = std::unique_ptr<Whisper>(new Whisper());
  model->kernels_ = options.kernels;
  model->config_ = WhisperConfig::Read(source);
  const WhisperConfig& c = model->config_;
  const size_t d = c.model_dim;
  model->attends_in_8_bits_ =
      options.numerics == Numerics::kInt8 && QuantizedAttention::Fits(c.head_dim);
  WeightLoader load(source, options, team);
  model->conv1_ = LoadConvolution(load, "conv1", d, c.num_mel_bands);
  model->conv2_ = LoadConvolution(load, "conv2", d, d);
  const TensorView& positions = load.View("enc.position_embd.weight", c.num_positions, d);
  model->source_positions_.resize(c.num_positions * d);
  for (size_t i = 0; i < c.num_positions; ++i) {
    DequantizeRow(positions, i, {model->source_positions_.data() + i * d, d});
  }
  for (size_t i = 0; i < c.num_encoder_layers; ++i) {
    const std::string block = "enc.blk." + std::to_string(i) + ".";
    model->encoder_.push_back({LoadAttention(load, block + "attn", d),
                               LoadFeedForward(load, block, d, c.encoder_ffn_dim)});
  }
  model->encoder_norm_ = LoadLayerNorm(load, "enc.output_norm", d);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "dec.blk." + std::to_string(i) + ".";
    model->decoder_.push_back({LoadAttention(load, block + "attn", d),
                               LoadAttention(load, block + "cross_attn", d),
                               LoadFeedForward(load, block, d, c.ffn_dim)});
  }
  model->decoder_norm_ = LoadLayerNorm(load, "output_norm", d);
  model->token_embedding_ = &load.View("token_embd.weight", c.vocab_size, d);
  model->position_embedding_ = &load.View("position_embd.weight", c.max_seq_len, d);
  model->head_ = load.Matrix("token_embd.weight", c.vocab_size, d);
  model->num_parameters_ = load.num_parameters();
  return model;
}

EncoderShape Whisper::encoder_shape() const {
  return {.model_dim = config_.model_dim,
          .num_heads = config_.num_heads,
          .head_dim = config_.head_dim,
          .ffn_dim = config_.encoder_ffn_dim,
          .pre_norm = true};
}

WorkspaceShape Whisper::decoder_shape() const {
  return {config_.model_dim,
          config_.num_heads,
          config_.num_heads,
          config_.head_dim,
          config_.ffn_dim,
          config_.vocab_size,
          0};
}

size_t Whisper::weight_bytes() const {
  size_t bytes =
      conv1_.bytes() + conv2_.bytes() + head_.bytes() + source_positions_.size() * sizeof(float);
  for (const WhisperEncoderLayer& layer : encoder_) {
    bytes += BytesOf(layer.self_attn) + BytesOf(layer.ffn);
  }
  for (const WhisperDecoderLayer& layer : decoder_) {
    bytes += BytesOf(layer.self_attn) + BytesOf(layer.cross_attn) + BytesOf(layer.ffn);
  }
  return bytes;
}

size_t Whisper::macs_per_window() const {
  const WhisperConfig& c = config_;
  const size_t d = c.model_dim;
  const size_t convolutions = kTaps * d * (2 * c.num_mel_bands + d);
  const size_t layer = d * (4 * d + 2 * c.encoder_ffn_dim + 2 * c.num_positions);
  return c.num_positions * (convolutions + c.num_encoder_layers * layer + c.num_layers * 2 * d * d);
}

size_t Whisper::macs_per_token() const {
  const WhisperConfig& c = config_;
  const size_t d = c.model_dim;
  return c.num_layers * d * (6 * d + 2 * c.ffn_dim + 2 * c.num_positions) + c.vocab_size * d;
}

WhisperWorkspace::WhisperWorkspace(const Whisper& model, size_t max_tokens, size_t num_threads)
    : encoder(model.encoder_shape(), model.config().num_positions, model.config().num_positions,
              num_threads),
      frames(FrameFloats(model.config())),
      convolved((2 * model.config().num_positions + 2) * model.config().model_dim),
      convolution_buffer(FrameFloats(model.config()) / kernels::kBlockK + 1, kernels::kBlockK),
      decoder(model.decoder_shape(), max_tokens),
      source_attention(model.config().num_heads, model.config().head_dim, max_tokens) {
  if (model.attends_in_8_bits()) {
    quantized_attention.emplace(model.config().num_positions, model.config().head_dim, num_threads);
  }
}

size_t WhisperWorkspace::BytesFor(const Whisper& model, size_t max_tokens, size_t num_threads) {
  const WhisperConfig& c = model.config();
  return EncoderWorkspace::BytesFor(model.encoder_shape(), c.num_positions, c.num_positions,
                                    num_threads) +
         (FrameFloats(c) + (2 * c.num_positions + 2) * c.model_dim) * sizeof(float) +
         ActivationBuffer::BytesFor(FrameFloats(c) / kernels::kBlockK + 1, kernels::kBlockK) +
         Workspace::BytesFor(model.decoder_shape(), max_tokens) +
         SourceAttention::BytesFor(c.num_heads, c.head_dim, max_tokens) +
         (model.attends_in_8_bits()
              ? QuantizedAttention::BytesFor(c.num_positions, c.head_dim, num_threads)
              : 0);
}

void Whisper::Normalize(const LayerNormWeights& norm, size_t rows, const float* x, float* y) const {
  kernels_->layer_norm(
      {x, norm.weight.data(), norm.bias.data(), y, rows, config_.model_dim, config_.norm_eps});
}

void Whisper::ProjectQueries(const WhisperAttention& layer, MatMulInput& h, float* q) const {
  ApplyLinear(*kernels_, layer.q_proj, h, q);
  const float scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
  kernels_->scale(q, scale, q, h.num_rows() * config_.model_dim);
}

// x = gelu(conv2(gelu(conv1(mel)))) + positions. A convolution of width 3 is a matrix product with
// three frames side by side; the second reads every other frame.
void Whisper::Convolve(std::span<const float> mel, WhisperWorkspace& ws, ThreadTeam& team) const {
  const size_t d = config_.model_dim;
  const size_t bands = config_.num_mel_bands;
  const size_t positions = config_.num_positions;
  const size_t num_frames = frames_per_window();
  CHECK(mel.size() == num_frames * bands);
  for (size_t t = 0; t < num_frames; ++t) {
    float* row = ws.frames.data() + t * kTaps * bands;
    for (size_t tap = 0; tap < kTaps; ++tap) {
      const size_t at = t + tap;  // one ahead
      float* to = row + tap * bands;
      if (at == 0 || at > num_frames) {
        std::fill(to, to + bands, 0.0f);
      } else {
        std::memcpy(to, mel.data() + (at - 1) * bands, bands * sizeof(float));
      }
    }
  }
  float* first = ws.convolved.data() + d;
  MatMulInput sound(*kernels_, team, ws.frames.data(), num_frames, kTaps * bands,
                    ws.convolution_buffer);
  ApplyLinear(*kernels_, conv1_, sound, first);
  kernels_->gelu_erf(first, first, num_frames * d);
  for (size_t t = 0; t < positions; ++t) {
    std::memcpy(ws.frames.data() + t * kTaps * d, ws.convolved.data() + 2 * t * d,
                kTaps * d * sizeof(float));
  }
  MatMulInput convolved(*kernels_, team, ws.frames.data(), positions, kTaps * d,
                        ws.convolution_buffer);
  float* x = ws.encoder.x.data();
  ApplyLinear(*kernels_, conv2_, convolved, x);
  kernels_->gelu_erf(x, x, positions * d);
  kernels_->add_bias(x, source_positions_.data(), 1, positions * d);
}

// x += Wo attention(LN x);  x += Wdown gelu(Wup LN x)
void Whisper::EncodeLayer(const WhisperEncoderLayer& layer, WhisperWorkspace& workspace,
                          ThreadTeam& team) const {
  EncoderWorkspace& ws = workspace.encoder;
  const size_t d = config_.model_dim;
  const size_t f = config_.encoder_ffn_dim;
  const size_t positions = config_.num_positions;
  Normalize(layer.self_attn.norm, positions, ws.x.data(), ws.normed.data());
  MatMulInput h(*kernels_, team, ws.normed.data(), positions, d, ws.activations);
  ProjectQueries(layer.self_attn, h, ws.q.data());
  ApplyLinear(*kernels_, layer.self_attn.k_proj, h, ws.k.data());
  ApplyLinear(*kernels_, layer.self_attn.v_proj, h, ws.v.data());
  if (workspace.quantized_attention) {
    workspace.quantized_attention->Run(*kernels_, encoder_shape(), positions, ws, team);
  } else {
    const auto length = static_cast<uint32_t>(positions);
    AttendWithinTexts(*kernels_, encoder_shape(), {&length, 1}, {}, ws, team);
  }
  MatMulInput attended(*kernels_, team, ws.attended.data(), positions, d, ws.activations);
  AddLinear(*kernels_, layer.self_attn.o_proj, attended, ws.x.data());

  Normalize(layer.ffn.norm, positions, ws.x.data(), ws.normed.data());
  MatMulInput normed(*kernels_, team, ws.normed.data(), positions, d, ws.activations);
  ApplyLinear(*kernels_, layer.ffn.up_proj, normed, ws.hidden.data());
  kernels_->gelu_erf(ws.hidden.data(), ws.hidden.data(), positions * f);
  MatMulInput hidden(*kernels_, team, ws.hidden.data(), positions, f, ws.activations);
  AddLinear(*kernels_, layer.ffn.down_proj, hidden, ws.x.data());
}

void Whisper::Encode(std::span<const float> mel, WhisperWorkspace& workspace, ThreadTeam& team,
                     EncodedSource& encoded) const {
  EncoderWorkspace& ws = workspace.encoder;
  const size_t d = config_.model_dim;
  const size_t positions = config_.num_positions;
  Convolve(mel, workspace, team);
  for (const WhisperEncoderLayer& layer : encoder_) EncodeLayer(layer, workspace, team);
  Normalize(encoder_norm_, positions, ws.x.data(), ws.normed.data());
  encoded.length = static_cast<uint32_t>(positions);
  MatMulInput source(*kernels_, team, ws.normed.data(), positions, d, ws.activations);
  for (size_t i = 0; i < decoder_.size(); ++i) {
    ApplyLinear(*kernels_, decoder_[i].cross_attn.k_proj, source, ws.k.data());
    ApplyLinear(*kernels_, decoder_[i].cross_attn.v_proj, source, ws.v.data());
    StoreSource(*kernels_, team, {i, ws.k.data(), ws.v.data()}, encoded);
  }
}

// x = E[token] + P[position]
void Whisper::Embed(const TokenBatch& batch, Workspace& ws) const {
  const size_t d = config_.model_dim;
  const std::vector<uint32_t>& positions = ws.attention.positions();
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    const int32_t token = batch.tokens[t];
    CHECK(token >= 0 && static_cast<size_t>(token) < config_.vocab_size);
    CHECK(positions[t] < config_.max_seq_len);
    DequantizeRow(*token_embedding_, static_cast<uint64_t>(token), {ws.x.data() + t * d, d});
    DequantizeRow(*position_embedding_, positions[t], {ws.normed.data() + t * d, d});
  }
  kernels_->add_bias(ws.x.data(), ws.normed.data(), 1, batch.tokens.size() * d);
}

void Whisper::AttendToPast(const WhisperAttention& layer, size_t layer_index, size_t num_tokens,
                           Workspace& ws, ThreadTeam& team) const {
  const size_t d = config_.model_dim;
  Normalize(layer.norm, num_tokens, ws.x.data(), ws.normed.data());
  MatMulInput h(*kernels_, team, ws.normed.data(), num_tokens, d, ws.activations);
  ProjectQueries(layer, h, ws.q.data());
  ApplyLinear(*kernels_, layer.k_proj, h, ws.k.data());
  ApplyLinear(*kernels_, layer.v_proj, h, ws.v.data());
  ws.attention.StoreKeyValues(*kernels_, team, layer_index, ws.k.data(), ws.v.data());
  ws.attention.Run(*kernels_, team, layer_index);
  MatMulInput attended(*kernels_, team, ws.attended.data(), num_tokens, d, ws.activations);
  AddLinear(*kernels_, layer.o_proj, attended, ws.x.data());
}

void Whisper::AttendToSource(const WhisperAttention& layer, size_t layer_index, size_t num_tokens,
                             WhisperWorkspace& workspace, ThreadTeam& team) const {
  Workspace& ws = workspace.decoder;
  const size_t d = config_.model_dim;
  Normalize(layer.norm, num_tokens, ws.x.data(), ws.normed.data());
  MatMulInput h(*kernels_, team, ws.normed.data(), num_tokens, d, ws.activations);
  ProjectQueries(layer, h, ws.q.data());
  workspace.source_attention.Run(*kernels_, team, layer_index);
  MatMulInput attended(*kernels_, team, ws.attended.data(), num_tokens, d, ws.activations);
  AddLinear(*kernels_, layer.o_proj, attended, ws.x.data());
}

void Whisper::Forward(const SpeechBatch& batch, WhisperWorkspace& workspace, ThreadTeam& team,
                      LogitsVisitor visit) const {
  Workspace& ws = workspace.decoder;
  const TokenBatch& tokens = batch.tokens;
  const size_t num_tokens = tokens.tokens.size();
  CHECK(num_tokens <= ws.max_tokens() && batch.sources.size() == tokens.sequences.size());
  if (num_tokens == 0) return;
  const size_t f = config_.ffn_dim;
  ws.phases.Begin();
  ws.attention.Plan(tokens, ws.q.data(), ws.attended.data());
  std::vector<const EncodedSource*> sources;
  for (size_t i = 0; i < batch.sources.size(); ++i) {
    sources.insert(sources.end(), tokens.sequences[i].token_count, batch.sources[i]);
  }
  workspace.source_attention.Plan(sources, ws.q.data(), ws.attended.data());
  Embed(tokens, ws);
  ws.phases.End(Phase::kEmbedding);
  for (size_t i = 0; i < decoder_.size(); ++i) {
    const WhisperDecoderLayer& layer = decoder_[i];
    AttendToPast(layer.self_attn, i, num_tokens, ws, team);
    AttendToSource(layer.cross_attn, i, num_tokens, workspace, team);
    ws.phases.End(Phase::kAttention);
    Normalize(layer.ffn.norm, num_tokens, ws.x.data(), ws.normed.data());
    MatMulInput h(*kernels_, team, ws.normed.data(), num_tokens, config_.model_dim, ws.activations);
    ApplyLinear(*kernels_, layer.ffn.up_proj, h, ws.up.data());
    kernels_->gelu_erf(ws.up.data(), ws.up.data(), num_tokens * f);
    MatMulInput hidden(*kernels_, team, ws.up.data(), num_tokens, f, ws.activations);
    AddLinear(*kernels_, layer.ffn.down_proj, hidden, ws.x.data());
    ws.phases.End(Phase::kFeedForward);
  }
  for (const SequenceSpan& span : tokens.sequences) span.kv->length += span.token_count;
  const LanguageModelHead head = {*kernels_, decoder_norm_.weight, decoder_norm_.bias,
                                  config_.norm_eps, head_};
  // The wanted rows move to the front; they are ascending, so none is overwritten before its turn.
  const size_t d = config_.model_dim;
  for (size_t i = 0; i < tokens.outputs.size(); ++i) {
    const size_t from = tokens.outputs[i];
    CHECK(from >= i && from < num_tokens);
    if (from > i) std::memcpy(ws.x.data() + i * d, ws.x.data() + from * d, d * sizeof(float));
  }
  head.Run(tokens.outputs.size(), ws, team, visit);
}

bool IsWhisper(const ModelFile& file) {
  return file.folder() != nullptr && file.architecture() == "whisper";
}

std::unique_ptr<Whisper> LoadWhisper(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team) {
  if (!IsWhisper(file)) {
    throw ModelError("model '" + file.name() + "' is not of the family whisper; transcribe needs " +
                     "one, such as --model whisper-base");
  }
  auto model = Whisper::Load(*file.MakeSource(kWhisperNames), options, team);
  const size_t vocab_size = model->config().vocab_size;
  const std::optional<JsonDocument> generation = file.folder()->FindJson("generation_config.json");
  // Where the folder does not say: the vocabulary of models for English alone is one token shorter.
  constexpr size_t kMultilingualVocabulary = 51865;
  model->is_multilingual_ = (generation ? generation->FindBool("is_multilingual") : std::nullopt)
                                .value_or(vocab_size >= kMultilingualVocabulary);
  model->suppressed_tokens_ = ReadTokenList(*file.folder(), "suppress_tokens", vocab_size);
  model->suppressed_first_tokens_ =
      ReadTokenList(*file.folder(), "begin_suppress_tokens", vocab_size);
  return model;
}

}  // namespace rowmill
