// What a model of pictures is to the rest of the engine: pixels of one size in, scores of classes
// or a vector out. Beside Decoder, Encoder and EncoderDecoder, with the same kernels, ops and
// threads; nothing is kept from step to step.
//
// What it is not: a decoder of files or a resizer (media/); it only says how its pictures have to
// be cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "formats/model_file.h"
#include "models/model.h"
#include "parallel/thread_team.h"

namespace rowmill {

// How a picture of any size becomes the size x size pixels that the model reads, and the pixels
// numbers: (x * scale - mean) / deviation, x from 0 to 255.
struct ImagePreparation {
  enum class Cut : uint8_t {
    // The middle square of crop_fraction of the shorter side, then resized: c = floor(fraction *
    // min(W, H)), at ((W - c + 1) / 2, (H - c + 1) / 2).
    kMiddleSquare,
    // The shorter side resized to short_side (the longer one in proportion, rounded down), then the
    // middle of it: at ((W - size) / 2, (H - size) / 2), rounded down.
    kShorterSide,
    kStretch,  // both sides resized to short_side, whatever the shape, then the middle
  };
  enum class Filter : uint8_t { kBilinear, kBicubic };

  Cut cut = Cut::kMiddleSquare;
  Filter filter = Filter::kBicubic;
  size_t size = 224;
  double crop_fraction = 0.875;
  size_t short_side = 256;  // at least size
  double scale = 1.0;
  std::array<double, 3> mean = {0.0, 0.0, 0.0};
  std::array<double, 3> deviation = {1.0, 1.0, 1.0};

  // What each byte of each channel becomes, [3][256].
  std::vector<float> PixelValues() const;
};

enum class ImageOutput : uint8_t {
  kEmbedding,  // [embedding_dim]
  kLogits,     // [num_classes]
};

// Gets the output of picture `index`; the numbers are gone when it returns.
using ImageVisitor = FunctionRef<void(size_t index, std::span<const float> output)>;

// Activations of one unit; each family has its own.
class ImageWorkspace {
 public:
  virtual ~ImageWorkspace() = default;
};

class ImageModel {
 public:
  virtual ~ImageModel() = default;

  virtual const std::string& architecture() const = 0;
  virtual const ImagePreparation& preparation() const = 0;
  virtual size_t num_classes() const = 0;  // 0: it has no classification head
  virtual size_t embedding_dim() const = 0;
  // Names of the classes; empty where the folder does not say them.
  virtual std::span<const std::string> labels() const = 0;
  virtual size_t weight_bytes() const = 0;
  virtual size_t num_parameters() const = 0;
  virtual size_t macs_per_image() const = 0;  // multiplications of weights

  virtual std::unique_ptr<ImageWorkspace> MakeWorkspace(size_t max_images,
                                                        size_t num_threads) const = 0;
  virtual size_t WorkspaceBytes(size_t max_images, size_t num_threads) const = 0;

  // Shows the output of each picture ([size, size, 3] bytes), in order. A picture's numbers depend
  // on its own pixels alone. At most max_images of the workspace, which is of this model: CHECKed.
  virtual void Run(std::span<const uint8_t* const> images, ImageOutput output,
                   ImageWorkspace& workspace, ThreadTeam& team, ImageVisitor visit) const = 0;
};

// Whether LoadImageModel knows the model's architecture.
bool IsImageModel(const ModelFile& file);
// `file` must outlive the model. Throws ModelError.
std::unique_ptr<ImageModel> LoadImageModel(const ModelFile& file, const LoadOptions& options,
                                           ThreadTeam& team);

}  // namespace rowmill
