#include "models/bert.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/real_math.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "models/whole_attention.h"
#include "tensor/dequantize.h"

namespace rowmill {
namespace {

using Key = HuggingFaceNames::Key;
using Weight = HuggingFaceNames::Weight;

constexpr std::array kBertKeys = {
    Key{"embedding_length", "hidden_size"},
    Key{"feed_forward_length", "intermediate_size"},
    Key{"block_count", "num_hidden_layers"},
    Key{"attention.head_count", "num_attention_heads"},
    Key{"context_length", "max_position_embeddings"},
    Key{"attention.layer_norm_epsilon", "layer_norm_eps"},
    Key{"token_type_count", "type_vocab_size"},
    Key{"activation", "hidden_act"},
    Key{"position_kind", "position_embedding_type"},
    Key{"padding_token_id", "pad_token_id"},
};
constexpr std::array kBertWeights = {
    Weight{"token_embd", "embeddings.word_embeddings"},
    Weight{"position_embd", "embeddings.position_embeddings"},
    Weight{"token_types", "embeddings.token_type_embeddings"},
    Weight{"token_embd_norm", "embeddings.LayerNorm"},
    Weight{"blk.#.attn_q", "encoder.layer.#.attention.self.query"},
    Weight{"blk.#.attn_k", "encoder.layer.#.attention.self.key"},
    Weight{"blk.#.attn_v", "encoder.layer.#.attention.self.value"},
    Weight{"blk.#.attn_output", "encoder.layer.#.attention.output.dense"},
    Weight{"blk.#.attn_output_norm", "encoder.layer.#.attention.output.LayerNorm"},
    Weight{"blk.#.ffn_up", "encoder.layer.#.intermediate.dense"},
    Weight{"blk.#.ffn_down", "encoder.layer.#.output.dense"},
    Weight{"blk.#.layer_output_norm", "encoder.layer.#.output.LayerNorm"},
    // BERT's head reads the pooler, RoBERTa's a layer of its own.
    Weight{"cls", "classifier.dense"},
    Weight{"cls", "pooler.dense"},
    Weight{"cls.output", "classifier.out_proj"},
    Weight{"cls.output", "classifier"},
};
constexpr std::array<std::string_view, 2> kBertPrefixes = {"bert.", "roberta."};

constexpr std::array kDistilBertKeys = {
    Key{"embedding_length", "dim"},
    Key{"feed_forward_length", "hidden_dim"},
    Key{"block_count", "n_layers"},
    Key{"attention.head_count", "n_heads"},
    Key{"context_length", "max_position_embeddings"},
    Key{"activation", "activation"},
};
constexpr std::array kDistilBertWeights = {
    Weight{"token_embd", "embeddings.word_embeddings"},
    Weight{"position_embd", "embeddings.position_embeddings"},
    Weight{"token_embd_norm", "embeddings.LayerNorm"},
    Weight{"blk.#.attn_q", "transformer.layer.#.attention.q_lin"},
    Weight{"blk.#.attn_k", "transformer.layer.#.attention.k_lin"},
    Weight{"blk.#.attn_v", "transformer.layer.#.attention.v_lin"},
    Weight{"blk.#.attn_output", "transformer.layer.#.attention.out_lin"},
    Weight{"blk.#.attn_output_norm", "transformer.layer.#.sa_layer_norm"},
    Weight{"blk.#.ffn_up", "transformer.layer.#.ffn.lin1"},
    Weight{"blk.#.ffn_down", "transformer.layer.#.ffn.lin2"},
    Weight{"blk.#.layer_output_norm", "transformer.layer.#.output_layer_norm"},
    Weight{"cls", "pre_classifier"},
    Weight{"cls.output", "classifier"},
};
constexpr std::array<std::string_view, 1> kDistilBertPrefixes = {"distilbert."};

// What the recipe int8 spares in BERT, by the least cosine of MiniLM's 100 goldens: 0.99864 with
// nothing spared, 0.99946 with the values alone, 0.99966 with both. Sparing the rest brings little
// more (queries and keys nothing, feed-forward's second matrix 0.0001).
constexpr Precision kValuePrecision = Precision::kAsStored;
constexpr Precision kUpPrecision = Precision::kTwoTerms;

// Rows of a matrix [rows, cols] as the container has it; 0 where there is none.
size_t RowsOf(const ModelSource& source, const std::string& name) {
  const auto weight = source.FindWeight(name);
  if (!weight || weight->tensor->shape.empty()) return 0;
  return weight->tensor->shape.size() == 1 ? 1 : static_cast<size_t>(weight->tensor->shape[0]);
}

}  // namespace

const HuggingFaceNames kBertNames = {kBertKeys, kBertWeights, kBertPrefixes};
const HuggingFaceNames kDistilBertNames = {kDistilBertKeys, kDistilBertWeights,
                                           kDistilBertPrefixes};

BertConfig BertConfig::Read(BertKind kind, const ModelSource& source) {
  const ConfigReader read(source);
  BertConfig c;
  c.num_layers = read.Count("block_count", 1, 1024);
  c.model_dim = read.Count("embedding_length", 1, 1 << 20);
  c.ffn_dim = read.Count("feed_forward_length", 1, 1 << 22);
  c.num_heads = read.Count("attention.head_count", 1, 1 << 14);
  if (c.model_dim % c.num_heads != 0) {
    read.Fail("attention.head_count", "does not divide embedding_length");
  }
  c.head_dim = c.model_dim / c.num_heads;
  if (c.head_dim % 16 != 0) {
    read.Fail("attention.head_count", "gives heads whose size is not a multiple of 16");
  }
  c.num_positions = read.Count("context_length", 1, 1 << 20);
  if (kind == BertKind::kRoberta) {
    c.first_position = read.CountOr("padding_token_id", 1, 0, 1 << 20) + 1;
    if (c.first_position >= c.num_positions) {
      read.Fail("context_length", "leaves no positions behind the padding id");
    }
  }
  c.norm_eps = static_cast<float>(
      kind == BertKind::kDistilBert
          ? 1e-12  // fixed in the reference implementation
          : read.Number("attention.layer_norm_epsilon", {.low = 0.0, .high = 1.0}));
  const std::string activation = read.TextOr("activation", "gelu");
  if (activation != "gelu") {
    read.Fail("activation", "is '" + activation + "', supported is gelu");
  }
  const std::string positions = read.TextOr("position_kind", "absolute");
  if (positions != "absolute") {
    read.Fail("position_kind", "is '" + positions + "', supported is absolute");
  }
  c.vocab_size = VocabularySize(source, "token_embd.weight", c.model_dim);
  c.num_types = kind == BertKind::kDistilBert ? 0 : RowsOf(source, "token_types.weight");
  return c;
}

std::unique_ptr<Bert> Bert::Load(BertKind kind, const ModelSource& source,
                                 const BertOptions& options, const LoadOptions& load_options,
                                 ThreadTeam& team) {
  CHECK(load_options.kernels != nullptr);
  auto model = std::unique_ptr<Bert>(new Bert());
  model->kernels_ = load_options.kernels;
  model->config_ = BertConfig::Read(kind, source);
  model->pooling_ = options.pooling;
  model->separator_ = options.separator;
  constexpr const char* kNames[] = {"bert", "distilbert", "roberta"};
  model->architecture_ = kNames[static_cast<size_t>(kind)];
  const BertConfig& c = model->config_;
  const size_t d = c.model_dim;
  WeightLoader load(source, load_options, team);
  model->token_embedding_ = &load.View("token_embd.weight", c.vocab_size, d);
  model->position_embedding_ = &load.View("position_embd.weight", c.num_positions, d);
  if (c.num_types > 0) {
    const TensorView& types = load.View("token_types.weight", c.num_types, d);
    model->type_embedding_.resize(c.num_types * d);
    for (size_t type = 0; type < c.num_types; ++type) {
      DequantizeRow(types, type, std::span(model->type_embedding_).subspan(type * d, d));
    }
  }
  model->embedding_norm_ = LoadLayerNorm(load, "token_embd_norm", d);
  for (size_t i = 0; i < c.num_layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    BertLayer layer;
    layer.q_proj = LoadLinear(load, block + "attn_q", d, d);
    layer.k_proj = LoadLinear(load, block + "attn_k", d, d);
    layer.v_proj = LoadLinear(load, block + "attn_v", d, d, kValuePrecision);
    layer.o_proj = LoadLinear(load, block + "attn_output", d, d);
    layer.attn_norm = LoadLayerNorm(load, block + "attn_output_norm", d);
    layer.up_proj = LoadLinear(load, block + "ffn_up", c.ffn_dim, d, kUpPrecision);
    layer.down_proj = LoadLinear(load, block + "ffn_down", d, c.ffn_dim);
    layer.output_norm = LoadLayerNorm(load, block + "layer_output_norm", d);
    model->layers_.push_back(std::move(layer));
  }
  if (load.Has("cls.output.weight") && load.Has("cls.weight")) {
    ClassifierHead& head = model->head_;
    const size_t num_labels = RowsOf(source, "cls.output.weight");
    head.dense = LoadLinear(load, "cls", d, d);
    head.output = LoadLinear(load, "cls.output", num_labels, d);
    head.activation = kind == BertKind::kDistilBert ? ClassifierHead::Activation::kRelu
                                                    : ClassifierHead::Activation::kTanh;
    head.labels = options.labels;
    for (size_t i = head.labels.size(); i < num_labels; ++i) {
      head.labels.push_back("LABEL_" + std::to_string(i));
    }
    head.labels.resize(num_labels);
  }
  model->num_parameters_ = load.num_parameters();
  return model;
}

size_t Bert::weight_bytes() const {
  size_t bytes = head_.dense.weight.bytes() + head_.output.weight.bytes();
  for (const BertLayer& layer : layers_) {
    for (const LinearLayer* linear : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj,
                                      &layer.up_proj, &layer.down_proj}) {
      bytes += linear->weight.bytes() + linear->bias.size() * sizeof(float);
    }
  }
  return bytes;
}

size_t Bert::macs_per_token() const {
  return config_.num_layers * config_.model_dim * (4 * config_.model_dim + 2 * config_.ffn_dim);
}

void Bert::Encode(const EncoderBatch& batch, EncoderOutput output, EncoderWorkspace& ws,
                  ThreadTeam& team, VectorVisitor visit) const {
  const size_t num_tokens = batch.tokens.size();
  CHECK(num_tokens <= ws.max_tokens());
  Embed(batch, ws);
  for (const BertLayer& layer : layers_) {
    Attention(layer, batch, ws, team);
    FeedForward(layer, num_tokens, ws, team);
  }
  const size_t d = config_.model_dim;
  std::vector<float> vector(output == EncoderOutput::kLogits ? head_.labels.size() : d);
  size_t begin = 0;
  for (size_t text = 0; text < batch.lengths.size(); ++text) {
    const float* first = ws.x.data() + begin * d;
    if (output == EncoderOutput::kLogits) {
      Classify(first, ws, team, vector);
    } else {
      Pool(first, batch.lengths[text], vector);
    }
    visit(text, vector);
    begin += batch.lengths[text];
  }
  CHECK(begin == num_tokens);
}

void Bert::Normalize(const LayerNormWeights& norm, size_t num_tokens, float* x) const {
  kernels_->layer_norm({x, norm.weight.data(), norm.bias.data(), x, num_tokens, config_.model_dim,
                        config_.norm_eps});
}

// x = norm(word[token] + type + position[i])
void Bert::Embed(const EncoderBatch& batch, EncoderWorkspace& ws) const {
  const size_t d = config_.model_dim;
  std::vector<float> position(d);
  size_t token = 0;
  for (const uint32_t length : batch.lengths) {
    CHECK(length >= 1 && length <= max_seq_len() && length <= ws.max_text());
    CHECK(token + length <= batch.tokens.size());
    size_t type = 0;
    for (size_t i = 0; i < length; ++i, ++token) {
      const int32_t id = batch.tokens[token];
      CHECK(id >= 0 && static_cast<size_t>(id) < config_.vocab_size);
      const std::span<float> x(ws.x.data() + token * d, d);
      DequantizeRow(*token_embedding_, static_cast<size_t>(id), x);
      if (config_.num_types > 0) kernels_->add_bias(x.data(), &type_embedding_[type * d], 1, d);
      DequantizeRow(*position_embedding_, config_.first_position + i, position);
      kernels_->add_bias(x.data(), position.data(), 1, d);
      if (id == separator_ && type + 1 < config_.num_types) ++type;
    }
  }
  Normalize(embedding_norm_, token, ws.x.data());
}

// x = norm(x + Wo attention(Wq x, Wk x, Wv x))
void Bert::Attention(const BertLayer& layer, const EncoderBatch& batch, EncoderWorkspace& ws,
                     ThreadTeam& team) const {
  const size_t num_tokens = batch.tokens.size();
  const size_t d = config_.model_dim;
  const size_t head_dim = config_.head_dim;
  MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, d, ws.activations);
  ApplyLinear(*kernels_, layer.q_proj, input, ws.q.data());
  ApplyLinear(*kernels_, layer.k_proj, input, ws.k.data());
  ApplyLinear(*kernels_, layer.v_proj, input, ws.v.data());
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  kernels_->scale(ws.q.data(), scale, ws.q.data(), num_tokens * d);

  AttendWithinTexts(*kernels_, shape(), batch.lengths, {}, ws, team);
  MatMulInput attended(*kernels_, team, ws.attended.data(), num_tokens, d, ws.activations);
  AddLinear(*kernels_, layer.o_proj, attended, ws.x.data());
  Normalize(layer.attn_norm, num_tokens, ws.x.data());
}

// x = norm(x + Wdown gelu(Wup x))
void Bert::FeedForward(const BertLayer& layer, size_t num_tokens, EncoderWorkspace& ws,
                       ThreadTeam& team) const {
  const size_t d = config_.model_dim;
  MatMulInput input(*kernels_, team, ws.x.data(), num_tokens, d, ws.activations);
  ApplyLinear(*kernels_, layer.up_proj, input, ws.hidden.data());
  kernels_->gelu_erf(ws.hidden.data(), ws.hidden.data(), num_tokens * config_.ffn_dim);
  MatMulInput hidden(*kernels_, team, ws.hidden.data(), num_tokens, config_.ffn_dim,
                     ws.activations);
  AddLinear(*kernels_, layer.down_proj, hidden, ws.x.data());
  Normalize(layer.output_norm, num_tokens, ws.x.data());
}

// The mean (or the first) of a text's vectors, divided by its length, in double. A vector of zeros
// stays one.
void Bert::Pool(const float* vectors, size_t length, std::span<float> pooled) const {
  const size_t d = config_.model_dim;
  const size_t count = pooling_ == Pooling::kMean ? length : 1;
  std::vector<double> sums(d, 0.0);
  for (size_t token = 0; token < count; ++token) {
    for (size_t i = 0; i < d; ++i) sums[i] += static_cast<double>(vectors[token * d + i]);
  }
  for (double& sum : sums) sum /= static_cast<double>(count);
  ToUnitLength(sums, pooled);
}

void Bert::Classify(const float* first, EncoderWorkspace& ws, ThreadTeam& team,
                    std::span<float> logits) const {
  const size_t d = config_.model_dim;
  CHECK(!logits.empty());
  MatMulInput input(*kernels_, team, first, 1, d, ws.activations);
  float* dense = ws.attended.data();  // not needed any more
  ApplyLinear(*kernels_, head_.dense, input, dense);
  for (size_t i = 0; i < d; ++i) {
    if (head_.activation == ClassifierHead::Activation::kRelu) {
      dense[i] = dense[i] > 0.0f ? dense[i] : 0.0f;
    } else {
      // tanh(x) = 1 - 2 / (1 + exp(2x)); beyond 20 it is 1 in single precision.
      const double x = std::clamp(static_cast<double>(dense[i]), -20.0, 20.0);
      dense[i] = static_cast<float>(1.0 - 2.0 / (1.0 + RealExp(2.0 * x)));
    }
  }
  MatMulInput hidden(*kernels_, team, dense, 1, d, ws.activations);
  ApplyLinear(*kernels_, head_.output, hidden, logits.data());
}

}  // namespace rowmill
