#include "tasks/image_preparation.h"

#include <algorithm>

namespace rowmill {
namespace {

ResizeRequest MiddleSquare(const RgbImage& image, const ImagePreparation& preparation) {
  const uint32_t shorter = std::min(image.width, image.height);
  const auto side = static_cast<uint32_t>(preparation.crop_fraction * shorter);
  ResizeRequest request;
  // A picture of one pixel has a middle, too.
  request.box.width = request.box.height = std::max<uint32_t>(side, 1);
  request.box.x =
      std::min((image.width - request.box.width + 1) / 2, image.width - request.box.width);
  request.box.y =
      std::min((image.height - request.box.height + 1) / 2, image.height - request.box.height);
  request.width = request.height = static_cast<uint32_t>(preparation.size);
  return request;
}

CropBox Middle(const ResizeRequest& request, uint32_t size) {
  return {(request.width - size) / 2, (request.height - size) / 2, size, size};
}

}  // namespace

void PrepareImage(const RgbImage& image, const ImagePreparation& preparation,
                  PreparedImage& prepared) {
  using Cut = ImagePreparation::Cut;
  const auto size = static_cast<uint32_t>(preparation.size);
  ResizeRequest request;
  switch (preparation.cut) {
    case Cut::kMiddleSquare:
      request = MiddleSquare(image, preparation);
      break;
    case Cut::kStretch:
      request.box = {0, 0, image.width, image.height};
      request.width = request.height = static_cast<uint32_t>(preparation.short_side);
      request.out = Middle(request, size);
      break;
    case Cut::kShorterSide: {
      const uint64_t shorter = std::min(image.width, image.height);
      const uint64_t side = preparation.short_side;
      request.box = {0, 0, image.width, image.height};
      // Sides are below 2^16 and the model's below 2^13.
      request.width = static_cast<uint32_t>(image.width * side / shorter);
      request.height = static_cast<uint32_t>(image.height * side / shorter);
      request.out = Middle(request, size);
      break;
    }
  }
  request.filter = preparation.filter == ImagePreparation::Filter::kBicubic
                       ? ResizeFilter::kBicubic
                       : ResizeFilter::kBilinear;
  CropAndResize(image, request, prepared.scratch, prepared.image);
}

}  // namespace rowmill
