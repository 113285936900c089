// EfficientNet-Lite: a convolutional classifier of pictures without squeeze-and-excitation and with
// ReLU6 throughout.
//
// A stem of 3 x 3 with stride 2; inverted residual blocks (expand by 1 x 1, depthwise k x k,
// project by 1 x 1, the input added where the shape stays); a head of 1 x 1, the mean over all
// places, one linear layer. Batch norms are folded into the convolutions before them when the model
// is loaded. Pictures are [H, W, C]; padding is "same" with the odd zero below and on the right.
//
// A block is run in strips of a few rows: the expanded rows, six times the width of the input, are
// made, filtered and projected while they are in the cache, and never exist as a whole.
//
// Papers: EfficientNet, arXiv:1905.11946; inverted residuals, arXiv:1801.04381.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/image_model_base.h"
#include "models/linear_layer.h"

namespace rowmill {

// Shapes: S side of the block's input, T side of its output, C channels in, E expanded, O out.
struct InvertedResidual {
  size_t kernel = 3;
  size_t stride = 1;
  size_t in_size = 0;   // S
  size_t out_size = 0;  // T = ceil(S / stride)
  size_t pad = 0;       // rows and columns of zeros above and on the left
  size_t in = 0;        // C
  size_t expanded = 0;  // E; C where nothing is expanded
  size_t out = 0;       // O
  bool has_expand = false;
  LinearLayer expand;            // [E, C]
  std::vector<float> depthwise;  // [kernel, kernel, E]
  std::vector<float> depthwise_bias;
  LinearLayer project;    // [O, E]
  size_t strip_rows = 1;  // of the output

  bool is_residual() const { return stride == 1 && in == out; }
  // Rows of the input that a strip of the output needs at most.
  size_t strip_in_rows() const { return (strip_rows - 1) * stride + kernel; }
};

class EfficientNetLite final : public ImageModelBase {
 public:
  static std::unique_ptr<ImageModel> Load(const ModelFile& file, const LoadOptions& options,
                                          ThreadTeam& team);

  size_t embedding_dim() const override { return head_dim_; }
  size_t weight_bytes() const override;
  size_t macs_per_image() const override;
  std::unique_ptr<ImageWorkspace> MakeWorkspace(size_t max_images,
                                                size_t num_threads) const override;
  size_t WorkspaceBytes(size_t max_images, size_t num_threads) const override;
  void Run(std::span<const uint8_t* const> images, ImageOutput output, ImageWorkspace& workspace,
           ThreadTeam& team, ImageVisitor visit) const override;

 private:
  struct Scratch;
  struct Workspace;

  explicit EfficientNetLite(const kernels::KernelTable* kernels)
      : ImageModelBase("efficientnet-lite", kernels) {}
  void ReadConfig(const ModelFile& file);
  void LoadWeights(const ModelFile& file, const LoadOptions& options, ThreadTeam& team);
  // The last block's output, [places, channels of it].
  const float* Features(const uint8_t* image, Scratch& scratch) const;
  using RowMaker = FunctionRef<void(size_t first, size_t count, float* rows)>;
  void RunBlock(const InvertedResidual& block, RowMaker make_rows, Scratch& scratch,
                float* out) const;
  void MakeStemRows(const uint8_t* image, size_t first, size_t count, Scratch& scratch,
                    float* rows) const;

  float norm_eps_ = 1e-3f;
  size_t stem_dim_ = 0;
  LinearLayer stem_;  // [stem_dim, 27], inputs by row, column, channel
  std::vector<InvertedResidual> blocks_;
  size_t head_dim_ = 0;
  LinearLayer head_;        // [head_dim, O of the last block]
  LinearLayer classifier_;  // [num_classes, head_dim]
};

}  // namespace rowmill
