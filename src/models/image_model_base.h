// What the families of pictures have in common: what is said about a model, how its pixels become
// numbers, and the names of its classes. A family adds its config, its weights and its forward
// pass.
//
// What it is not: one model with a switch for each difference; ways from pixels to scores have
// nothing in common.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/image_model.h"
#include "models/weight_loader.h"

namespace rowmill {

class ImageModelBase : public ImageModel {
 public:
  const std::string& architecture() const final { return architecture_; }
  const ImagePreparation& preparation() const final { return preparation_; }
  size_t num_classes() const final { return num_classes_; }
  std::span<const std::string> labels() const final { return labels_; }
  size_t num_parameters() const final { return num_parameters_; }

 protected:
  ImageModelBase(std::string architecture, const kernels::KernelTable* kernels);

  void SetPreparation(const ImagePreparation& preparation);
  // 0: the model has no classification head.
  void SetNumClasses(size_t num_classes) { num_classes_ = num_classes; }
  // To be called after all weights.
  void FinishLoading(const ModelFile& file, const WeightLoader& load);

  const kernels::KernelTable& kernels() const { return *kernels_; }
  // What a byte of a channel becomes.
  const float* pixel_values(size_t channel) const { return pixel_values_.data() + channel * 256; }

 private:
  std::string architecture_;
  const kernels::KernelTable* kernels_;
  ImagePreparation preparation_;
  std::vector<float> pixel_values_;  // [3][256]
  size_t num_classes_ = 0;
  std::vector<std::string> labels_;
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
