#include "models/vit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "models/whole_attention.h"

namespace rowmill {
namespace {

using Key = HuggingFaceNames::Key;
using Weight = HuggingFaceNames::Weight;

constexpr std::array kKeys = {
    Key{"embedding_length", "hidden_size"},
    Key{"block_count", "num_hidden_layers"},
    Key{"attention.head_count", "num_attention_heads"},
    Key{"feed_forward_length", "intermediate_size"},
    Key{"feed_forward_ratio", "mlp_ratio"},
    Key{"activation", "hidden_act"},
    Key{"attention.layer_norm_epsilon", "layer_norm_eps"},
    Key{"image_size", "image_size"},
    Key{"patch_size", "patch_size"},
    Key{"num_channels", "num_channels"},
    Key{"is_gated", "use_swiglu_ffn"},
};
constexpr std::array kWeights = {
    Weight{"cls_token", "embeddings.cls_token"},
    Weight{"distillation_token", "embeddings.distillation_token"},
    Weight{"position_embd", "embeddings.position_embeddings"},
    Weight{"patch_embd", "embeddings.patch_embeddings.projection"},
    Weight{"blk.#.attn_norm", "encoder.layer.#.layernorm_before"},
    Weight{"blk.#.attn_norm", "encoder.layer.#.norm1"},
    Weight{"blk.#.attn_q", "encoder.layer.#.attention.attention.query"},
    Weight{"blk.#.attn_k", "encoder.layer.#.attention.attention.key"},
    Weight{"blk.#.attn_v", "encoder.layer.#.attention.attention.value"},
    Weight{"blk.#.attn_output", "encoder.layer.#.attention.output.dense"},
    Weight{"blk.#.attn_scale", "encoder.layer.#.layer_scale1.lambda1"},
    Weight{"blk.#.ffn_norm", "encoder.layer.#.layernorm_after"},
    Weight{"blk.#.ffn_norm", "encoder.layer.#.norm2"},
    Weight{"blk.#.ffn_up", "encoder.layer.#.intermediate.dense"},
    Weight{"blk.#.ffn_up", "encoder.layer.#.mlp.fc1"},
    Weight{"blk.#.ffn_down", "encoder.layer.#.output.dense"},
    Weight{"blk.#.ffn_down", "encoder.layer.#.mlp.fc2"},
    Weight{"blk.#.ffn_scale", "encoder.layer.#.layer_scale2.lambda1"},
    Weight{"output_norm", "layernorm"},
    Weight{"head", "classifier"},
    Weight{"head", "cls_classifier"},
    Weight{"distillation_head", "distillation_classifier"},
};
constexpr std::array<std::string_view, 3> kPrefixes = {"vit.", "deit.", "dinov2."};
const HuggingFaceNames kNames = {kKeys, kWeights, kPrefixes};

constexpr size_t kMaxSide = 4096;
constexpr const char* kKindNames[] = {"vit", "deit", "dinov2"};

// A number that is one, or is called height, shortest_edge or width.
std::optional<size_t> SideOf(const JsonDocument& config, const nlohmann::json* value,
                             std::initializer_list<const char*> names) {
  if (value == nullptr) return {};
  const nlohmann::json* number = value->is_object() ? nullptr : value;
  if (value->is_object()) {
    for (const char* name : names) {
      const auto found = value->find(name);
      if (found != value->end() && number == nullptr) number = &*found;
    }
    if (number == nullptr) return {};
  }
  if (!number->is_number_unsigned() || number->get<uint64_t>() < 1 ||
      number->get<uint64_t>() > kMaxSide) {
    config.Fail("the size of pictures must be a whole number from 1 to " +
                std::to_string(kMaxSide));
  }
  return number->get<size_t>();
}

void ReadChannels(const JsonDocument& config, const char* name, std::array<double, 3>& values) {
  const nlohmann::json* list = config.Find(name);
  if (list == nullptr) return;
  if (!list->is_array() || list->size() != 3) {
    config.Fail(std::string(name) + " must be a list of three numbers");
  }
  for (size_t i = 0; i < 3; ++i) {
    if (!(*list)[i].is_number()) config.Fail(std::string(name) + " must hold numbers");
    values[i] = (*list)[i].get<double>();
  }
}

// preprocessor_config.json, or what the family's own has where there is none.
ImagePreparation ReadPreparation(VitKind kind, const HuggingFaceFolder& folder, size_t size) {
  using Cut = ImagePreparation::Cut;
  using Filter = ImagePreparation::Filter;
  ImagePreparation made;
  made.scale = 1.0 / 255.0;
  made.size = made.short_side = size;
  if (kind == VitKind::kVit) {
    made.cut = Cut::kStretch;
    made.filter = Filter::kBilinear;
    made.mean.fill(0.5);
    made.deviation.fill(0.5);
  } else {
    made.cut = kind == VitKind::kDeit ? Cut::kStretch : Cut::kShorterSide;
    made.size = kind == VitKind::kDinov2 ? 224 : size;
    made.short_side = std::max<size_t>(256, made.size);
    made.mean = {0.485, 0.456, 0.406};
    made.deviation = {0.229, 0.224, 0.225};
  }
  const std::optional<JsonDocument> found = folder.FindJson("preprocessor_config.json");
  if (!found) return made;
  const JsonDocument& config = *found;
  const nlohmann::json* sides = config.Find("size");
  const std::optional<size_t> shortest = SideOf(config, sides, {"shortest_edge"});
  const bool has_shortest = sides != nullptr && sides->is_object() && shortest.has_value();
  const std::optional<size_t> resized = SideOf(config, sides, {"shortest_edge", "height"});
  const std::optional<size_t> cropped = SideOf(config, config.Find("crop_size"), {"height"});
  if (resized) {
    made.cut = has_shortest ? Cut::kShorterSide : Cut::kStretch;
    made.short_side = made.size = *resized;
  }
  const bool crops = config.FindBool("do_center_crop").value_or(cropped.has_value());
  if (crops && cropped) made.size = *cropped;
  if (!config.FindBool("do_resize").value_or(true)) {
    config.Fail("do_resize is false, but pictures come in all sizes");
  }
  if (made.size > made.short_side) config.Fail("crop_size is larger than the resized picture");
  const int64_t resample =
      config.FindInt("resample").value_or(made.filter == Filter::kBilinear ? 2 : 3);
  if (resample != 2 && resample != 3) {
    config.Fail("resample is " + std::to_string(resample) +
                ", supported are 2 (bilinear) and 3 (bicubic)");
  }
  made.filter = resample == 2 ? Filter::kBilinear : Filter::kBicubic;
  made.scale = config.FindFloat("rescale_factor").value_or(made.scale);
  ReadChannels(config, "image_mean", made.mean);
  ReadChannels(config, "image_std", made.deviation);
  for (const double deviation : made.deviation) {
    if (!(deviation > 0.0)) config.Fail("image_std must be above 0");
  }
  return made;
}

// Positions of a square of patches brought to another side as torch.nn.functional.interpolate does
// (bicubic with a = -0.75, corners not aligned, the border repeated).
std::vector<float> Interpolate(std::span<const float> from, size_t in_side, size_t out_side,
                               size_t dim) {
  constexpr double kA = -0.75;
  struct Taps {
    std::array<size_t, 4> at;
    std::array<double, 4> weight;
  };
  std::vector<Taps> taps(out_side);
  for (size_t i = 0; i < out_side; ++i) {
    const double at = static_cast<double>(in_side) / static_cast<double>(out_side) *
                          (static_cast<double>(i) + 0.5) -
                      0.5;
    const double low = std::floor(at);
    const double t = at - low;
    const auto near = [](double x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
    const auto far = [](double x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
    taps[i].weight = {far(t + 1), near(t), near(1 - t), far(2 - t)};
    for (int k = 0; k < 4; ++k) {
      const double place = std::clamp(low + k - 1, 0.0, static_cast<double>(in_side) - 1.0);
      taps[i].at[static_cast<size_t>(k)] = static_cast<size_t>(place);
    }
  }
  std::vector<float> out(out_side * out_side * dim);
  for (size_t y = 0; y < out_side; ++y) {
    for (size_t x = 0; x < out_side; ++x) {
      for (size_t c = 0; c < dim; ++c) {
        double sum = 0.0;
        for (size_t ky = 0; ky < 4; ++ky) {
          for (size_t kx = 0; kx < 4; ++kx) {
            sum += taps[y].weight[ky] * taps[x].weight[kx] *
                   static_cast<double>(from[(taps[y].at[ky] * in_side + taps[x].at[kx]) * dim + c]);
          }
        }
        out[(y * out_side + x) * dim + c] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

// A linear layer whose outputs are multiplied by `scale`, where there is one.
LinearLayer LoadScaled(WeightLoader& load, const std::string& name, const std::string& scale_name,
                       size_t n, size_t k) {
  const std::vector<float> scale = load.VectorIfAny(scale_name, n);
  if (scale.empty()) return LoadLinear(load, name, n, k);
  std::vector<float> weight = load.Values(name + ".weight", {n, k});
  std::vector<float> bias = load.Vector(name + ".bias", n);
  for (size_t row = 0; row < n; ++row) {
    for (size_t i = 0; i < k; ++i) weight[row * k + i] *= scale[row];
    bias[row] *= scale[row];
  }
  return {load.PackValues(weight, n, k), std::move(bias)};
}

LinearLayer LoadWithOptionalBias(WeightLoader& load, const std::string& name, size_t n, size_t k) {
  return load.Has(name + ".bias") ? LoadLinear(load, name, n, k)
                                  : LoadLinearWithoutBias(load, name, n, k);
}

}  // namespace

struct Vit::Workspace final : ImageWorkspace {
  Workspace(const EncoderShape& shape, size_t num_images, size_t num_tokens, size_t num_threads)
      : max_images(num_images), layers(shape, num_images * num_tokens, num_tokens, num_threads) {}

  size_t max_images;
  EncoderWorkspace layers;
  AlignedBuffer<float> patches;  // [P, 3 * p * p]
  ActivationBuffer activations;
};

std::unique_ptr<ImageModel> Vit::Load(VitKind kind, const ModelFile& file,
                                      const LoadOptions& options, ThreadTeam& team) {
  auto model = std::unique_ptr<Vit>(new Vit(kind, options.kernels));
  model->ReadConfig(kind, file);
  model->LoadWeights(kind, file, options, team);
  return model;
}

Vit::Vit(VitKind kind, const kernels::KernelTable* kernels)
    : ImageModelBase(kKindNames[static_cast<size_t>(kind)], kernels) {}

void Vit::ReadConfig(VitKind kind, const ModelFile& file) {
  const std::unique_ptr<const ModelSource> source = file.MakeSource(kNames);
  const ConfigReader read(*source);
  num_layers_ = read.Count("block_count", 1, 1024);
  shape_.model_dim = read.Count("embedding_length", 1, 1 << 16);
  shape_.num_heads = read.Count("attention.head_count", 1, 1 << 10);
  if (shape_.model_dim % shape_.num_heads != 0 || shape_.model_dim / shape_.num_heads % 16 != 0) {
    read.Fail("attention.head_count", "does not divide hidden_size into multiples of 16");
  }
  shape_.head_dim = shape_.model_dim / shape_.num_heads;
  shape_.ffn_dim = kind == VitKind::kDinov2
                       ? shape_.model_dim * read.CountOr("feed_forward_ratio", 4, 1, 64)
                       : read.Count("feed_forward_length", 1, 1 << 20);
  shape_.pre_norm = true;
  const std::string activation = read.TextOr("activation", "gelu");
  if (activation != "gelu") {
    read.Fail("activation", "is '" + activation + "', supported is gelu");
  }
  if (source->FindBool("is_gated").value_or(false)) {
    read.Fail("is_gated", "is true, supported is false");
  }
  if (read.CountOr("num_channels", 3, 1, 1 << 10) != 3) {
    read.Fail("num_channels", "must be 3");
  }
  norm_eps_ = static_cast<float>(read.NumberOr("attention.layer_norm_epsilon",
                                               kind == VitKind::kDinov2 ? 1e-6 : 1e-12,
                                               {.low = 0.0, .high = 1.0}));
  const size_t image_size = read.Count("image_size", 1, kMaxSide);
  patch_size_ = read.Count("patch_size", 1, 256);
  SetPreparation(ReadPreparation(kind, *file.folder(), image_size));
  side_ = preparation().size / patch_size_;
  trained_side_ = image_size / patch_size_;
  if (side_ == 0 || trained_side_ == 0 || preparation().size % patch_size_ != 0) {
    read.Fail("patch_size", "does not divide the pictures into patches");
  }
  if (side_ != trained_side_ && kind != VitKind::kDinov2) {
    read.Fail("image_size", "is not the size that preprocessor_config.json makes");
  }
  num_prefix_ = kind == VitKind::kDeit ? 2 : 1;
}

void Vit::LoadWeights(VitKind kind, const ModelFile& file, const LoadOptions& options,
                      ThreadTeam& team) {
  const std::unique_ptr<const ModelSource> source = file.MakeSource(kNames);
  WeightLoader load(*source, options, team);
  const size_t d = shape_.model_dim;
  const size_t num_trained = trained_side_ * trained_side_;
  const std::vector<float> positions = load.Values("position_embd", {num_prefix_ + num_trained, d});
  prefix_ = load.Values("cls_token", {1, d});
  if (num_prefix_ == 2) {
    const std::vector<float> token = load.Values("distillation_token", {1, d});
    prefix_.insert(prefix_.end(), token.begin(), token.end());
  }
  for (size_t i = 0; i < prefix_.size(); ++i) prefix_[i] += positions[i];
  const size_t patch_inputs = 3 * patch_size_ * patch_size_;
  patch_proj_ = load.PackValues(load.Values("patch_embd.weight", {d, 3, patch_size_, patch_size_}),
                                d, patch_inputs);
  const std::span<const float> of_patches = std::span(positions).subspan(num_prefix_ * d);
  patch_bias_ = side_ == trained_side_ ? std::vector<float>(of_patches.begin(), of_patches.end())
                                       : Interpolate(of_patches, trained_side_, side_, d);
  const std::vector<float> bias = load.Vector("patch_embd.bias", d);
  for (size_t i = 0; i < patch_bias_.size(); ++i) patch_bias_[i] += bias[i % d];
  for (size_t i = 0; i < num_layers_; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    VitLayer layer;
    layer.attn_norm = LoadLayerNorm(load, block + "attn_norm", d);
    layer.q_proj = LoadWithOptionalBias(load, block + "attn_q", d, d);
    layer.k_proj = LoadWithOptionalBias(load, block + "attn_k", d, d);
    layer.v_proj = LoadWithOptionalBias(load, block + "attn_v", d, d);
    layer.o_proj = LoadScaled(load, block + "attn_output", block + "attn_scale", d, d);
    layer.ffn_norm = LoadLayerNorm(load, block + "ffn_norm", d);
    layer.up_proj = LoadLinear(load, block + "ffn_up", shape_.ffn_dim, d);
    layer.down_proj = LoadScaled(load, block + "ffn_down", block + "ffn_scale", d, shape_.ffn_dim);
    layers_.push_back(std::move(layer));
  }
  output_norm_ = LoadLayerNorm(load, "output_norm", d);
  head_inputs_ = kind == VitKind::kDinov2 ? 2 * d : d;
  for (const char* name : {"head", "distillation_head"}) {
    const std::optional<SourceWeight> head = source->FindWeight(std::string(name) + ".weight");
    if (!head) continue;
    const size_t rows = head->tensor->shape.empty() ? 0 : head->tensor->shape[0];
    if (heads_.empty()) SetNumClasses(rows);
    heads_.push_back(LoadLinear(load, name, num_classes(), head_inputs_));
  }
  FinishLoading(file, load);
}

size_t Vit::weight_bytes() const {
  size_t bytes = patch_proj_.bytes() + (prefix_.size() + patch_bias_.size()) * sizeof(float);
  for (const VitLayer& layer : layers_) {
    for (const LinearLayer* linear : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj,
                                      &layer.up_proj, &layer.down_proj}) {
      bytes += linear->bytes();
    }
  }
  for (const LinearLayer& head : heads_) bytes += head.bytes();
  return bytes;
}

size_t Vit::macs_per_image() const {
  const size_t d = shape_.model_dim;
  return num_patches() * d * 3 * patch_size_ * patch_size_ +
         num_tokens() * num_layers_ * d * (4 * d + 2 * shape_.ffn_dim) +
         heads_.size() * num_classes() * head_inputs_;
}

std::unique_ptr<ImageWorkspace> Vit::MakeWorkspace(size_t max_images, size_t num_threads) const {
  auto workspace = std::make_unique<Workspace>(shape_, max_images, num_tokens(), num_threads);
  const size_t patch_inputs = 3 * patch_size_ * patch_size_;
  workspace->patches = AlignedBuffer<float>(num_patches() * patch_inputs);
  workspace->activations = ActivationBuffer(num_patches(), std::max(patch_inputs, head_inputs_));
  return workspace;
}

size_t Vit::WorkspaceBytes(size_t max_images, size_t num_threads) const {
  const size_t patch_inputs = 3 * patch_size_ * patch_size_;
  return EncoderWorkspace::BytesFor(shape_, max_images * num_tokens(), num_tokens(), num_threads) +
         num_patches() * patch_inputs * sizeof(float) +
         ActivationBuffer::BytesFor(num_patches(), std::max(patch_inputs, head_inputs_));
}

// x [T, D] of one picture: the tokens in front, then the patches, with their positions.
void Vit::Embed(const uint8_t* image, float* x, Workspace& ws, ThreadTeam& team) const {
  const size_t size = preparation().size;
  const size_t d = shape_.model_dim;
  float* to = ws.patches.data();
  for (size_t patch = 0; patch < num_patches(); ++patch) {
    const size_t top = patch / side_ * patch_size_;
    const size_t left = patch % side_ * patch_size_;
    for (size_t c = 0; c < 3; ++c) {
      const float* values = pixel_values(c);
      for (size_t y = 0; y < patch_size_; ++y) {
        const uint8_t* row = image + ((top + y) * size + left) * 3 + c;
        for (size_t column = 0; column < patch_size_; ++column) *to++ = values[row[3 * column]];
      }
    }
  }
  std::copy(prefix_.begin(), prefix_.end(), x);
  MatMulInput input(kernels(), team, ws.patches.data(), num_patches(),
                    3 * patch_size_ * patch_size_, ws.activations);
  float* patches = x + num_prefix_ * d;
  input.Multiply(patch_proj_, patches, d);
  kernels().add_bias(patches, patch_bias_.data(), 1, patch_bias_.size());
}

// x += Wo attention(norm x);  x += W2 gelu(W1 norm x)
void Vit::RunLayer(const VitLayer& layer, std::span<const uint32_t> lengths, EncoderWorkspace& ws,
                   ThreadTeam& team) const {
  const size_t rows = lengths.size() * num_tokens();
  const size_t d = shape_.model_dim;
  const auto normalize = [&](const LayerNormWeights& norm) {
    kernels().layer_norm(
        {ws.x.data(), norm.weight.data(), norm.bias.data(), ws.normed.data(), rows, d, norm_eps_});
  };
  normalize(layer.attn_norm);
  MatMulInput input(kernels(), team, ws.normed.data(), rows, d, ws.activations);
  ApplyLinear(kernels(), layer.q_proj, input, ws.q.data());
  ApplyLinear(kernels(), layer.k_proj, input, ws.k.data());
  ApplyLinear(kernels(), layer.v_proj, input, ws.v.data());
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim));
  kernels().scale(ws.q.data(), scale, ws.q.data(), rows * d);
  AttendWithinTexts(kernels(), shape_, lengths, {}, ws, team);
  MatMulInput attended(kernels(), team, ws.attended.data(), rows, d, ws.activations);
  AddLinear(kernels(), layer.o_proj, attended, ws.x.data());
  normalize(layer.ffn_norm);
  MatMulInput normed(kernels(), team, ws.normed.data(), rows, d, ws.activations);
  ApplyLinear(kernels(), layer.up_proj, normed, ws.hidden.data());
  kernels().gelu_erf(ws.hidden.data(), ws.hidden.data(), rows * shape_.ffn_dim);
  MatMulInput hidden(kernels(), team, ws.hidden.data(), rows, shape_.ffn_dim, ws.activations);
  AddLinear(kernels(), layer.down_proj, hidden, ws.x.data());
}

void Vit::Run(std::span<const uint8_t* const> images, ImageOutput output, ImageWorkspace& workspace,
              ThreadTeam& team, ImageVisitor visit) const {
  auto& ws = dynamic_cast<Workspace&>(workspace);
  CHECK(images.size() <= ws.max_images);
  CHECK(output == ImageOutput::kEmbedding || num_classes() > 0);
  const size_t d = shape_.model_dim;
  const size_t image_floats = num_tokens() * d;
  for (size_t image = 0; image < images.size(); ++image) {
    Embed(images[image], ws.layers.x.data() + image * image_floats, ws, team);
  }
  const std::vector<uint32_t> lengths(images.size(), static_cast<uint32_t>(num_tokens()));
  if (!images.empty()) {
    for (const VitLayer& layer : layers_) RunLayer(layer, lengths, ws.layers, team);
  }
  std::vector<float> inputs(2 * d);
  std::vector<float> logits(num_classes());
  std::vector<float> other(num_classes());
  for (size_t image = 0; image < images.size(); ++image) {
    float* x = ws.layers.x.data() + image * image_floats;
    kernels().layer_norm(
        {x, output_norm_.weight.data(), output_norm_.bias.data(), x, num_tokens(), d, norm_eps_});
    if (output == ImageOutput::kEmbedding) {
      visit(image, {x, d});
      continue;
    }
    std::copy(x, x + d, inputs.begin());
    if (head_inputs_ == 2 * d) {
      float* mean = inputs.data() + d;
      std::fill(mean, mean + d, 0.0f);
      for (size_t token = num_prefix_; token < num_tokens(); ++token) {
        for (size_t i = 0; i < d; ++i) mean[i] += x[token * d + i];
      }
      for (size_t i = 0; i < d; ++i) mean[i] /= static_cast<float>(num_patches());
    }
    MatMulInput first(kernels(), team, inputs.data(), 1, head_inputs_, ws.activations);
    ApplyLinear(kernels(), heads_[0], first, logits.data());
    if (heads_.size() == 2) {
      MatMulInput second(kernels(), team, x + d, 1, d, ws.activations);
      ApplyLinear(kernels(), heads_[1], second, other.data());
      for (size_t i = 0; i < num_classes(); ++i) logits[i] = (logits[i] + other[i]) / 2.0f;
    }
    visit(image, logits);
  }
}

}  // namespace rowmill
