#include "models/efficientnet_lite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "models/weight_loader.h"

namespace rowmill {
namespace {

using Weight = HuggingFaceNames::Weight;

// The names of the weights as they were published for PyTorch.
constexpr std::array kWeights = {
    Weight{"stem", "_conv_stem"},
    Weight{"stem_norm", "_bn0"},
    Weight{"stem_norm.running_mean", "_bn0.running_mean"},
    Weight{"stem_norm.running_var", "_bn0.running_var"},
    Weight{"blk.#.expand", "_blocks.#._expand_conv"},
    Weight{"blk.#.expand_norm", "_blocks.#._bn0"},
    Weight{"blk.#.expand_norm.running_mean", "_blocks.#._bn0.running_mean"},
    Weight{"blk.#.expand_norm.running_var", "_blocks.#._bn0.running_var"},
    Weight{"blk.#.depthwise", "_blocks.#._depthwise_conv"},
    Weight{"blk.#.depthwise_norm", "_blocks.#._bn1"},
    Weight{"blk.#.depthwise_norm.running_mean", "_blocks.#._bn1.running_mean"},
    Weight{"blk.#.depthwise_norm.running_var", "_blocks.#._bn1.running_var"},
    Weight{"blk.#.project", "_blocks.#._project_conv"},
    Weight{"blk.#.project_norm", "_blocks.#._bn2"},
    Weight{"blk.#.project_norm.running_mean", "_blocks.#._bn2.running_mean"},
    Weight{"blk.#.project_norm.running_var", "_blocks.#._bn2.running_var"},
    Weight{"head", "_conv_head"},
    Weight{"head_norm", "_bn1"},
    Weight{"head_norm.running_mean", "_bn1.running_mean"},
    Weight{"head_norm.running_var", "_bn1.running_var"},
    Weight{"classifier", "_fc"},
};
const HuggingFaceNames kNames = {{}, kWeights, {}};

constexpr float kRelu6 = 6.0f;
constexpr size_t kStemKernel = 3;
constexpr size_t kStemStride = 2;
constexpr size_t kStemInputs = kStemKernel * kStemKernel * 3;
// A strip's expanded rows take at most so many bytes, half of a second-level cache of 512 KiB.
constexpr size_t kStripBytes = size_t{256} << 10;

struct SamePadding {
  size_t out_size;
  size_t before;  // the rest of the zeros lies behind the input
};

SamePadding PadSame(size_t in_size, size_t kernel, size_t stride) {
  const size_t out_size = (in_size + stride - 1) / stride;
  const size_t covered = (out_size - 1) * stride + kernel;
  return {out_size, covered > in_size ? (covered - in_size) / 2 : 0};
}

// A convolution with the batch norm behind it: w * g and beta - mean * g, with
// g = gamma / sqrt(variance + eps).
struct FoldedConvolution {
  std::vector<float> weight;  // [out, in, kernel, kernel]
  std::vector<float> bias;    // [out]
};

struct ConvolutionShape {
  size_t out, in, kernel;
};

FoldedConvolution LoadFolded(WeightLoader& load, const std::string& convolution,
                             const std::string& norm, const ConvolutionShape& shape, double eps) {
  const auto [out, in, kernel] = shape;
  FoldedConvolution folded;
  folded.weight = load.Values(convolution + ".weight", {out, in, kernel, kernel});
  const std::vector<float> gamma = load.Vector(norm + ".weight", out);
  const std::vector<float> beta = load.Vector(norm + ".bias", out);
  const std::vector<float> mean = load.Vector(norm + ".running_mean", out);
  const std::vector<float> variance = load.Vector(norm + ".running_var", out);
  const size_t size = in * kernel * kernel;
  for (size_t o = 0; o < out; ++o) {
    const double gain =
        static_cast<double>(gamma[o]) / std::sqrt(static_cast<double>(variance[o]) + eps);
    if (!(gain - gain == 0.0)) {
      throw ModelError("tensor " + norm + ".running_var has a negative variance in channel " +
                       std::to_string(o) + "; the file is damaged");
    }
    for (size_t i = 0; i < size; ++i) {
      float& weight = folded.weight[o * size + i];
      weight = static_cast<float>(static_cast<double>(weight) * gain);
    }
    folded.bias.push_back(
        static_cast<float>(static_cast<double>(beta[o]) - static_cast<double>(mean[o]) * gain));
  }
  return folded;
}

LinearLayer LoadPointwise(WeightLoader& load, const std::string& convolution,
                          const std::string& norm, const ConvolutionShape& shape, double eps) {
  FoldedConvolution folded = LoadFolded(load, convolution, norm, shape, eps);
  return {load.PackValues(folded.weight, shape.out, shape.in), std::move(folded.bias)};
}

size_t ReadSize(const JsonDocument& config, const nlohmann::json& value, const char* what,
                size_t most) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() < 1 || value.get<uint64_t>() > most) {
    config.Fail(std::string(what) + " must be a whole number from 1 to " + std::to_string(most));
  }
  return value.get<size_t>();
}

const nlohmann::json& Member(const JsonDocument& config, const nlohmann::json& object,
                             const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (found == object.end()) config.Fail(std::string(name) + " is missing");
  return *found;
}

}  // namespace

// Memory of one thread, which takes whole pictures.
struct EfficientNetLite::Scratch {
  AlignedBuffer<float> maps[2];   // [S, S, C] of the largest
  AlignedBuffer<float> expanded;  // [strip_in_rows, S, E]
  AlignedBuffer<float> filtered;  // [strip_rows, T, E]
  AlignedBuffer<float> patches;   // [strip_in_rows of the first block, S, 27]
  ActivationBuffer activations;
  ThreadTeam alone{1};  // products of one thread
};

struct EfficientNetLite::Workspace final : ImageWorkspace {
  size_t max_images = 0;
  std::vector<std::unique_ptr<Scratch>> scratch;  // [threads]
  AlignedBuffer<float> features;                  // [max_images, places, O]
  AlignedBuffer<float> heads;                     // [max_images * places, head_dim]
  AlignedBuffer<float> means;                     // [max_images, head_dim]
  AlignedBuffer<float> logits;                    // [max_images, num_classes]
  ActivationBuffer activations;
};

std::unique_ptr<ImageModel> EfficientNetLite::Load(const ModelFile& file,
                                                   const LoadOptions& options, ThreadTeam& team) {
  auto model = std::unique_ptr<EfficientNetLite>(new EfficientNetLite(options.kernels));
  model->ReadConfig(file);
  model->LoadWeights(file, options, team);
  return model;
}

void EfficientNetLite::ReadConfig(const ModelFile& file) {
  constexpr size_t kMostChannels = 1 << 14;
  const JsonDocument& config = file.folder()->config();
  const nlohmann::json& root = config.root();
  ImagePreparation preparation;
  preparation.size = ReadSize(config, Member(config, root, "image_size"), "image_size", 4096);
  preparation.crop_fraction = config.FindFloat("crop_fraction").value_or(0.875);
  if (!(preparation.crop_fraction > 0.0 && preparation.crop_fraction <= 1.0)) {
    config.Fail("crop_fraction must be above 0 and at most 1");
  }
  preparation.mean.fill(127.0);
  preparation.deviation.fill(128.0);
  SetPreparation(preparation);
  norm_eps_ = static_cast<float>(config.FindFloat("batch_norm_eps").value_or(1e-3));
  if (!(norm_eps_ >= 0.0f && norm_eps_ < 1.0f)) config.Fail("batch_norm_eps is out of range");
  stem_dim_ = ReadSize(config, Member(config, root, "stem_dim"), "stem_dim", kMostChannels);
  head_dim_ = ReadSize(config, Member(config, root, "head_dim"), "head_dim", kMostChannels);
  SetNumClasses(ReadSize(config, Member(config, root, "num_classes"), "num_classes", 1 << 20));
  const nlohmann::json& blocks = Member(config, root, "blocks");
  if (!blocks.is_array() || blocks.empty() || blocks.size() > 1024) {
    config.Fail("blocks must be a list of 1 to 1024 blocks");
  }
  size_t size = PadSame(preparation.size, kStemKernel, kStemStride).out_size;
  size_t channels = stem_dim_;
  for (const nlohmann::json& entry : blocks) {
    InvertedResidual block;
    block.kernel = ReadSize(config, Member(config, entry, "kernel"), "kernel", 15);
    block.stride = ReadSize(config, Member(config, entry, "stride"), "stride", 4);
    block.in = channels;
    block.out = ReadSize(config, Member(config, entry, "out"), "out", kMostChannels);
    const size_t ratio = ReadSize(config, Member(config, entry, "expand"), "expand", 16);
    block.has_expand = ratio != 1;
    block.expanded = channels * ratio;
    block.in_size = size;
    const SamePadding padding = PadSame(size, block.kernel, block.stride);
    block.out_size = padding.out_size;
    block.pad = padding.before;
    const size_t row_bytes = block.in_size * block.expanded * sizeof(float);
    const size_t rows = std::max<size_t>(kStripBytes / row_bytes, block.kernel);
    // Small maps fit as a whole: then the weights are read once.
    block.strip_rows =
        rows >= block.in_size ? block.out_size : (rows - block.kernel) / block.stride + 1;
    block.strip_rows = std::min(block.strip_rows, block.out_size);
    size = block.out_size;
    channels = block.out;
    blocks_.push_back(std::move(block));
  }
  // The stem's rows are made for the first block's strips; behind an expansion they would have to
  // be kept.
  if (blocks_.front().has_expand || blocks_.front().is_residual()) {
    config.Fail("the first block must have expand 1 and another number of channels than the stem");
  }
}

void EfficientNetLite::LoadWeights(const ModelFile& file, const LoadOptions& options,
                                   ThreadTeam& team) {
  const std::unique_ptr<const ModelSource> source = file.MakeSource(kNames);
  WeightLoader load(*source, options, team);
  const double eps = static_cast<double>(norm_eps_);
  // From [out, channel, row, column] to [out, row, column, channel].
  const FoldedConvolution stem =
      LoadFolded(load, "stem", "stem_norm", {stem_dim_, 3, kStemKernel}, eps);
  std::vector<float> turned(stem.weight.size());
  constexpr size_t kArea = kStemKernel * kStemKernel;
  for (size_t o = 0; o < stem_dim_; ++o) {
    for (size_t c = 0; c < 3; ++c) {
      for (size_t place = 0; place < kArea; ++place) {
        turned[(o * kArea + place) * 3 + c] = stem.weight[(o * 3 + c) * kArea + place];
      }
    }
  }
  stem_ = {load.PackValues(turned, stem_dim_, kStemInputs), stem.bias};
  for (size_t i = 0; i < blocks_.size(); ++i) {
    InvertedResidual& block = blocks_[i];
    const std::string name = "blk." + std::to_string(i) + ".";
    const size_t e = block.expanded;
    if (block.has_expand) {
      block.expand =
          LoadPointwise(load, name + "expand", name + "expand_norm", {e, block.in, 1}, eps);
    }
    const FoldedConvolution depthwise =
        LoadFolded(load, name + "depthwise", name + "depthwise_norm", {e, 1, block.kernel}, eps);
    const size_t area = block.kernel * block.kernel;
    block.depthwise.resize(e * area);
    for (size_t c = 0; c < e; ++c) {
      for (size_t tap = 0; tap < area; ++tap) {
        block.depthwise[tap * e + c] = depthwise.weight[c * area + tap];
      }
    }
    block.depthwise_bias = depthwise.bias;
    block.project =
        LoadPointwise(load, name + "project", name + "project_norm", {block.out, e, 1}, eps);
  }
  head_ = LoadPointwise(load, "head", "head_norm", {head_dim_, blocks_.back().out, 1}, eps);
  classifier_ = LoadLinear(load, "classifier", num_classes(), head_dim_);
  FinishLoading(file, load);
}

size_t EfficientNetLite::weight_bytes() const {
  size_t bytes = stem_.bytes() + head_.bytes() + classifier_.bytes();
  for (const InvertedResidual& block : blocks_) {
    bytes += block.expand.bytes() + block.project.bytes() +
             (block.depthwise.size() + block.depthwise_bias.size()) * sizeof(float);
  }
  return bytes;
}

size_t EfficientNetLite::macs_per_image() const {
  const size_t stem_places = blocks_.front().in_size * blocks_.front().in_size;
  const size_t places = blocks_.back().out_size * blocks_.back().out_size;
  size_t macs = stem_places * stem_dim_ * kStemInputs + places * head_dim_ * blocks_.back().out +
                head_dim_ * num_classes();
  for (const InvertedResidual& block : blocks_) {
    const size_t outputs = block.out_size * block.out_size;
    if (block.has_expand) macs += block.in_size * block.in_size * block.in * block.expanded;
    macs += outputs * block.expanded * (block.kernel * block.kernel + block.out);
  }
  return macs;
}

namespace {

// Elements of the buffers of one thread's pictures.
struct ScratchSizes {
  size_t map = 0;
  size_t expanded = 0;
  size_t filtered = 0;
  size_t patches = 0;
  size_t product_rows = 0;  // of the largest input of a product
  size_t product_inputs = 0;

  explicit ScratchSizes(std::span<const InvertedResidual> blocks) {
    for (const InvertedResidual& block : blocks) {
      const size_t in_rows = std::min(block.strip_in_rows(), block.in_size);
      map = std::max(map, block.out_size * block.out_size * block.out);
      expanded = std::max(expanded, in_rows * block.in_size * block.expanded);
      filtered = std::max(filtered, block.strip_rows * block.out_size * block.expanded);
      product_rows =
          std::max({product_rows, in_rows * block.in_size, block.strip_rows * block.out_size});
      product_inputs = std::max({product_inputs, block.in, block.expanded});
    }
    patches =
        std::min(blocks[0].strip_in_rows(), blocks[0].in_size) * blocks[0].in_size * kStemInputs;
  }
  size_t bytes() const {
    return (2 * map + expanded + filtered + patches) * sizeof(float) +
           ActivationBuffer::BytesFor(product_rows, product_inputs);
  }
};

}  // namespace

std::unique_ptr<ImageWorkspace> EfficientNetLite::MakeWorkspace(size_t max_images,
                                                                size_t num_threads) const {
  auto workspace = std::make_unique<Workspace>();
  const ScratchSizes sizes(blocks_);
  const size_t places = blocks_.back().out_size * blocks_.back().out_size;
  workspace->max_images = max_images;
  for (size_t i = 0; i < num_threads; ++i) {
    auto scratch = std::make_unique<Scratch>();
    for (AlignedBuffer<float>& map : scratch->maps) map = AlignedBuffer<float>(sizes.map);
    scratch->expanded = AlignedBuffer<float>(sizes.expanded);
    scratch->filtered = AlignedBuffer<float>(sizes.filtered);
    scratch->patches = AlignedBuffer<float>(sizes.patches);
    scratch->activations = ActivationBuffer(sizes.product_rows, sizes.product_inputs);
    workspace->scratch.push_back(std::move(scratch));
  }
  workspace->features = AlignedBuffer<float>(max_images * places * blocks_.back().out);
  workspace->heads = AlignedBuffer<float>(max_images * places * head_dim_);
  workspace->means = AlignedBuffer<float>(max_images * head_dim_);
  workspace->logits = AlignedBuffer<float>(max_images * num_classes());
  workspace->activations =
      ActivationBuffer(max_images * places, std::max(blocks_.back().out, head_dim_));
  return workspace;
}

size_t EfficientNetLite::WorkspaceBytes(size_t max_images, size_t num_threads) const {
  const size_t places = blocks_.back().out_size * blocks_.back().out_size;
  return ScratchSizes(blocks_).bytes() * num_threads +
         max_images * (places * (blocks_.back().out + head_dim_) + head_dim_ + num_classes()) *
             sizeof(float) +
         ActivationBuffer::BytesFor(max_images * places, std::max(blocks_.back().out, head_dim_));
}

void EfficientNetLite::Run(std::span<const uint8_t* const> images, ImageOutput output,
                           ImageWorkspace& workspace, ThreadTeam& team, ImageVisitor visit) const {
  auto& ws = dynamic_cast<Workspace&>(workspace);
  CHECK(images.size() <= ws.max_images && team.num_threads() <= ws.scratch.size());
  const size_t places = blocks_.back().out_size * blocks_.back().out_size;
  const size_t feature_floats = places * blocks_.back().out;
  team.ParallelFor(images.size(), [&](size_t image, size_t worker) {
    const float* features = Features(images[image], *ws.scratch[worker]);
    std::copy(features, features + feature_floats, ws.features.data() + image * feature_floats);
  });
  // All places of all pictures side by side, so that the head's weights are read once.
  MatMulInput input(kernels(), team, ws.features.data(), images.size() * places, blocks_.back().out,
                    ws.activations);
  input.Multiply(head_.weight, ws.heads.data(), head_dim_);
  kernels().bias_clamp(
      {ws.heads.data(), head_.bias.data(), images.size() * places, head_dim_, 0.0f, kRelu6});
  for (size_t image = 0; image < images.size(); ++image) {
    float* mean = ws.means.data() + image * head_dim_;
    std::fill(mean, mean + head_dim_, 0.0f);
    for (size_t place = 0; place < places; ++place) {
      const float* head = ws.heads.data() + (image * places + place) * head_dim_;
      for (size_t c = 0; c < head_dim_; ++c) mean[c] += head[c];
    }
    for (size_t c = 0; c < head_dim_; ++c) mean[c] /= static_cast<float>(places);
  }
  if (output == ImageOutput::kEmbedding) {
    for (size_t image = 0; image < images.size(); ++image) {
      visit(image, {ws.means.data() + image * head_dim_, head_dim_});
    }
    return;
  }
  MatMulInput means(kernels(), team, ws.means.data(), images.size(), head_dim_, ws.activations);
  ApplyLinear(kernels(), classifier_, means, ws.logits.data());
  for (size_t image = 0; image < images.size(); ++image) {
    visit(image, {ws.logits.data() + image * num_classes(), num_classes()});
  }
}

const float* EfficientNetLite::Features(const uint8_t* image, Scratch& scratch) const {
  float* in = scratch.maps[0].data();
  float* out = scratch.maps[1].data();
  RunBlock(
      blocks_.front(),
      [&](size_t first, size_t count, float* rows) {
        MakeStemRows(image, first, count, scratch, rows);
      },
      scratch, in);
  for (size_t i = 1; i < blocks_.size(); ++i) {
    const InvertedResidual& block = blocks_[i];
    const auto make_rows = [&](size_t first, size_t count, float* rows) {
      const float* from = in + first * block.in_size * block.in;
      const size_t places = count * block.in_size;
      if (!block.has_expand) {
        std::copy(from, from + places * block.in, rows);
        return;
      }
      MatMulInput input(kernels(), scratch.alone, from, places, block.in, scratch.activations);
      input.Multiply(block.expand.weight, rows, block.expanded);
      kernels().bias_clamp({rows, block.expand.bias.data(), places, block.expanded, 0.0f, kRelu6});
    };
    // A residual block adds to its own input: rows that a strip overwrites have been expanded.
    RunBlock(block, make_rows, scratch, block.is_residual() ? in : out);
    if (!block.is_residual()) std::swap(in, out);
  }
  return in;
}

void EfficientNetLite::RunBlock(const InvertedResidual& block, RowMaker make_rows, Scratch& scratch,
                                float* out) const {
  const size_t row_floats = block.in_size * block.expanded;
  const size_t out_row_floats = block.out_size * block.expanded;
  float* expanded = scratch.expanded.data();
  const float* taps[15];
  // Rows [begin, end) of the input are held.
  size_t begin = 0;
  size_t end = 0;
  for (size_t y = 0; y < block.out_size; y += block.strip_rows) {
    const size_t y_end = std::min(y + block.strip_rows, block.out_size);
    const size_t first = y * block.stride > block.pad ? y * block.stride - block.pad : 0;
    const size_t last =
        std::min((y_end - 1) * block.stride + block.kernel - block.pad, block.in_size);
    const size_t kept = end > first ? end - first : 0;
    if (kept > 0 && first > begin) {
      std::memmove(expanded, expanded + (first - begin) * row_floats,
                   kept * row_floats * sizeof(float));
    }
    begin = first;
    end = first + kept;
    if (last > end) make_rows(end, last - end, expanded + kept * row_floats);
    end = std::max(end, last);
    for (size_t row = y; row < y_end; ++row) {
      for (size_t ky = 0; ky < block.kernel; ++ky) {
        const size_t from = row * block.stride + ky - block.pad;  // wraps around above the picture
        taps[ky] = from < block.in_size ? expanded + (from - begin) * row_floats : nullptr;
      }
      kernels().depthwise({taps, block.depthwise.data(), block.depthwise_bias.data(),
                           scratch.filtered.data() + (row - y) * out_row_floats, block.kernel,
                           block.stride, block.pad, block.in_size, block.out_size, block.expanded,
                           0.0f, kRelu6});
    }
    const size_t places = (y_end - y) * block.out_size;
    float* to = out + y * block.out_size * block.out;
    MatMulInput filtered(kernels(), scratch.alone, scratch.filtered.data(), places, block.expanded,
                         scratch.activations);
    if (block.is_residual()) {
      AddLinear(kernels(), block.project, filtered, to);
    } else {
      ApplyLinear(kernels(), block.project, filtered, to);
    }
  }
}

// The stem as a product: 27 numbers of the picture for each place, zeros outside of it.
void EfficientNetLite::MakeStemRows(const uint8_t* image, size_t first, size_t count,
                                    Scratch& scratch, float* rows) const {
  const size_t size = preparation().size;
  const auto [out_size, pad] = PadSame(size, kStemKernel, kStemStride);
  float* patch = scratch.patches.data();
  for (size_t y = first; y < first + count; ++y) {
    for (size_t x = 0; x < out_size; ++x) {
      for (size_t ky = 0; ky < kStemKernel; ++ky) {
        const size_t from_y = y * kStemStride + ky - pad;  // these wrap around outside
        for (size_t kx = 0; kx < kStemKernel; ++kx, patch += 3) {
          const size_t from_x = x * kStemStride + kx - pad;
          if (from_y >= size || from_x >= size) {
            std::fill(patch, patch + 3, 0.0f);
            continue;
          }
          const uint8_t* pixel = image + (from_y * size + from_x) * 3;
          for (size_t c = 0; c < 3; ++c) patch[c] = pixel_values(c)[pixel[c]];
        }
      }
    }
  }
  const size_t places = count * out_size;
  MatMulInput input(kernels(), scratch.alone, scratch.patches.data(), places, kStemInputs,
                    scratch.activations);
  input.Multiply(stem_.weight, rows, stem_dim_);
  kernels().bias_clamp({rows, stem_.bias.data(), places, stem_dim_, 0.0f, kRelu6});
}

}  // namespace rowmill
