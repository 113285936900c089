// Pictures: JPEG, PNG and WebP to pixels, with libjpeg-turbo, libpng and libwebp. Hostile input is
// expected: nothing is allocated before the header's size has passed the limits, and whatever is
// broken is a text for the row, not an exception.
//
// Pixels are those that Pillow gives for the same file (Image.open, convert("RGB")), turned as the
// EXIF orientation says. Alpha is dropped, 16-bit samples keep their upper byte, of an animation
// the first picture is taken; colour profiles and gamma are not applied.
//
// What it is not: it resizes nothing (media/image_resize.h) and knows no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rowmill {

struct RgbImage {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]
};

struct ImageLimits {
  // A picture of 100 megapixels takes 300 MB. What is larger is refused by its header.
  uint64_t max_pixels = 100'000'000;
  // Of a side. No JPEG or WebP has more; a PNG that is one pixel wide and 100 million high would
  // become a hundred times as large on the way to a square.
  uint32_t max_side = 65'535;
};

enum class ImageKind : uint8_t { kJpeg, kPng, kWebp };

struct ImageInfo {
  ImageKind kind = ImageKind::kJpeg;
  uint32_t width = 0;  // as stored, before it is turned
  uint32_t height = 0;
};

// Looks at the header. Returns what is wrong, empty where the picture may be decoded; what lies
// behind the header is not looked at.
std::string InspectImage(std::span<const std::byte> file, const ImageLimits& limits,
                         ImageInfo& info);

// Decodes the picture; its memory is used again. Returns what is wrong, empty where all is well.
// JPEGs that end early or whose data libjpeg has to patch are errors: half a picture would get an
// answer of its own.
std::string DecodeImage(std::span<const std::byte> file, const ImageLimits& limits,
                        RgbImage& image);

// Endings of the files that are read, in lower case.
const std::vector<std::string>& ImageSuffixes();

}  // namespace rowmill
