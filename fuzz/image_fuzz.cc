// Fuzzes pictures: any bytes give pixels of the size that the header says, within the limit, or a
// text; and an EXIF block an orientation from 1 to 8.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "media/exif_orientation.h"
#include "media/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;  // NOLINT(google-build-using-namespace)
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  constexpr ImageLimits kLimits = {.max_pixels = 1 << 18};
  ImageInfo info;
  const bool is_fine = InspectImage(file, kLimits, info).empty();
  RgbImage image;
  if (DecodeImage(file, kLimits, image).empty()) {
    const uint64_t pixels = uint64_t{image.width} * image.height;
    if (!is_fine || pixels == 0 || pixels > kLimits.max_pixels) std::abort();
    if (image.pixels.size() != pixels * 3) std::abort();
  }
  const uint32_t orientation = ExifOrientation(file);
  if (orientation < 1 || orientation > 8) std::abort();
  return 0;
}
