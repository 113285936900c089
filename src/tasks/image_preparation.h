// Cuts and resizes a decoded picture as a model wants it: what joins media/ and models/.
#pragma once

#include "media/image.h"
#include "media/image_resize.h"
#include "models/image_model.h"

namespace rowmill {

// Memory that is used again from picture to picture.
struct PreparedImage {
  RgbImage image;  // [size, size]
  ResizeScratch scratch;
};

void PrepareImage(const RgbImage& image, const ImagePreparation& preparation,
                  PreparedImage& prepared);

}  // namespace rowmill
