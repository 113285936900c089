#include "models/image_model_base.h"

#include <utility>

#include "base/check.h"

namespace rowmill {
namespace {

// "id2label": {"0": "tench", ...} of config.json: empty, or `num_classes` names.
std::vector<std::string> ReadClassNames(const ModelFile& file, size_t num_classes) {
  std::vector<std::string> labels;
  const nlohmann::json* names = file.folder()->config().Find("id2label");
  if (names == nullptr || !names->is_object() || names->size() != num_classes) return labels;
  for (size_t i = 0; i < num_classes; ++i) {
    const auto found = names->find(std::to_string(i));
    if (found == names->end() || !found->is_string()) return {};
    labels.push_back(found->get<std::string>());
  }
  return labels;
}

}  // namespace

std::vector<float> ImagePreparation::PixelValues() const {
  std::vector<float> values;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (int x = 0; x < 256; ++x) {
      values.push_back(static_cast<float>((x * scale - mean[channel]) / deviation[channel]));
    }
  }
  return values;
}

ImageModelBase::ImageModelBase(std::string architecture, const kernels::KernelTable* kernels)
    : architecture_(std::move(architecture)), kernels_(kernels) {
  CHECK(kernels != nullptr);
}

void ImageModelBase::SetPreparation(const ImagePreparation& preparation) {
  preparation_ = preparation;
  pixel_values_ = preparation.PixelValues();
}

void ImageModelBase::FinishLoading(const ModelFile& file, const WeightLoader& load) {
  labels_ = ReadClassNames(file, num_classes_);
  num_parameters_ = load.num_parameters();
}

}  // namespace rowmill
