// Cuts a rectangle out of a picture and resizes it as Pillow does (Image.crop, Image.resize with
// BILINEAR or BICUBIC): a separable filter that widens with the scale, so that shrinking averages,
// in fixed point with 22 bits, first along rows, then along columns. The pixels are Pillow's, bit
// for bit (tests/unit/media/image_resize_test.cc), but for stretches in which Pillow 13 takes
// columns first to save work; there they are those of all versions before it.
//
// Reference: Pillow, src/libImaging/Resample.c; the cubic kernel is that of R. Keys (IEEE Trans.
// ASSP 29, 1981) with a = -0.5.
#pragma once

#include <cstdint>

#include "media/image.h"

namespace rowmill {

enum class ResizeFilter : uint8_t { kBilinear, kBicubic };

struct CropBox {
  uint32_t x = 0;
  uint32_t y = 0;
  uint32_t width = 0;
  uint32_t height = 0;
};

// The box lies in the picture, `out` in the result, and both have pixels: CHECKed.
struct ResizeRequest {
  CropBox box;
  uint32_t width = 0;  // of the result, at least 1
  uint32_t height = 0;
  // The part of the result that is wanted; without a size all of it. A strip of a panorama that is
  // cut to its middle need not be made.
  CropBox out;
  ResizeFilter filter = ResizeFilter::kBicubic;
};

// Memory that is used again from picture to picture.
struct ResizeScratch {
  std::vector<uint8_t> narrowed;  // [box.height, width, 4]
};

void CropAndResize(const RgbImage& image, const ResizeRequest& request, ResizeScratch& scratch,
                   RgbImage& out);

}  // namespace rowmill
