// Vision Transformers: a picture as a sequence of patches through a transformer encoder with norms
// before its layers. Three layouts of Hugging Face folders:
//   vit     a class token in front, whose vector is classified (arXiv:2010.11929)
//   deit    a distillation token behind it; two heads are averaged where there are two
//           (arXiv:2012.12877)
//   dinov2  each branch scaled per channel (LayerScale), positions interpolated from the size of
//           training, the class token beside the mean of the patches classified (arXiv:2304.07193)
//
// LayerScale is folded into the output matrices when the model is loaded.
//
// Shapes: P patches, p their side, T tokens of a picture (class and distillation token, then
// patches row by row), D model_dim.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/encoder.h"
#include "models/image_model_base.h"
#include "models/linear_layer.h"

namespace rowmill {

enum class VitKind : uint8_t { kVit, kDeit, kDinov2 };

struct VitLayer {
  LayerNormWeights attn_norm;
  LinearLayer q_proj, k_proj, v_proj;  // [D, D]
  LinearLayer o_proj;                  // [D, D]
  LayerNormWeights ffn_norm;
  LinearLayer up_proj;    // [F, D]
  LinearLayer down_proj;  // [D, F]
};

class Vit final : public ImageModelBase {
 public:
  static std::unique_ptr<ImageModel> Load(VitKind kind, const ModelFile& file,
                                          const LoadOptions& options, ThreadTeam& team);

  size_t embedding_dim() const override { return shape_.model_dim; }
  size_t weight_bytes() const override;
  size_t macs_per_image() const override;
  std::unique_ptr<ImageWorkspace> MakeWorkspace(size_t max_images,
                                                size_t num_threads) const override;
  size_t WorkspaceBytes(size_t max_images, size_t num_threads) const override;
  void Run(std::span<const uint8_t* const> images, ImageOutput output, ImageWorkspace& workspace,
           ThreadTeam& team, ImageVisitor visit) const override;

 private:
  struct Workspace;

  Vit(VitKind kind, const kernels::KernelTable* kernels);
  void ReadConfig(VitKind kind, const ModelFile& file);
  void LoadWeights(VitKind kind, const ModelFile& file, const LoadOptions& options,
                   ThreadTeam& team);
  size_t num_patches() const { return side_ * side_; }
  size_t num_tokens() const { return num_prefix_ + num_patches(); }
  void Embed(const uint8_t* image, float* x, Workspace& ws, ThreadTeam& team) const;
  void RunLayer(const VitLayer& layer, std::span<const uint32_t> lengths, EncoderWorkspace& ws,
                ThreadTeam& team) const;

  EncoderShape shape_;
  size_t num_layers_ = 0;
  float norm_eps_ = 1e-12f;
  size_t patch_size_ = 0;          // p
  size_t side_ = 0;                // patches in a row
  size_t trained_side_ = 0;        // of the positions in the file
  size_t num_prefix_ = 1;          // tokens before the patches
  std::vector<float> prefix_;      // [num_prefix, D], with their positions
  PackedWeights patch_proj_;       // [D, 3 * p * p], inputs by channel, row, column
  std::vector<float> patch_bias_;  // [P, D]: the projection's bias and the positions
  std::vector<VitLayer> layers_;
  LayerNormWeights output_norm_;
  // Of the class token's vector (dinov2: and the patches' mean behind it), and of the distillation
  // token's.
  std::vector<LinearLayer> heads_;
  size_t head_inputs_ = 0;
};

}  // namespace rowmill
