// Which piece of code reads which architecture of image models. A family is added here with one
// line.
#include <array>

#include "base/error.h"
#include "models/efficientnet_lite.h"
#include "models/image_model.h"
#include "models/vit.h"

namespace rowmill {
namespace {

struct Family {
  std::string_view model_type;  // of config.json
  std::unique_ptr<ImageModel> (*load)(const ModelFile&, const LoadOptions&, ThreadTeam&);
};

template <VitKind kKind>
std::unique_ptr<ImageModel> LoadVit(const ModelFile& file, const LoadOptions& options,
                                    ThreadTeam& team) {
  return Vit::Load(kKind, file, options, team);
}

constexpr std::array kFamilies = {
    Family{"efficientnet-lite", EfficientNetLite::Load},
    Family{"vit", LoadVit<VitKind::kVit>},
    Family{"deit", LoadVit<VitKind::kDeit>},
    Family{"dinov2", LoadVit<VitKind::kDinov2>},
};

const Family* FindFamily(const ModelFile& file) {
  if (file.folder() == nullptr) return nullptr;
  for (const Family& family : kFamilies) {
    if (family.model_type == file.architecture()) return &family;
  }
  return nullptr;
}

}  // namespace

bool IsImageModel(const ModelFile& file) { return FindFamily(file) != nullptr; }

std::unique_ptr<ImageModel> LoadImageModel(const ModelFile& file, const LoadOptions& options,
                                           ThreadTeam& team) {
  const Family* family = FindFamily(file);
  if (family == nullptr) {
    throw ModelError("model '" + file.name() + "': not a model of pictures that is supported");
  }
  return family->load(file, options, team);
}

}  // namespace rowmill
