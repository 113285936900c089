// How a picture is to be turned, as the camera wrote it into EXIF.
//
// Specification: CIPA DC-008 (Exif 2.3), TIFF 6.0; the tag Orientation (0x0112) of the first
// directory. Everything else in EXIF is left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/image.h"

namespace rowmill {

// Of bytes that begin with "Exif\0\0" or with the TIFF header itself: 1 to 8; 1, as stored, where
// there is no such tag or the bytes are damaged.
uint32_t ExifOrientation(std::span<const std::byte> exif);

// Turns the stored picture as 1 to 8 say.
void ApplyOrientation(uint32_t orientation, RgbImage& image);

}  // namespace rowmill
