// The decoder of each kind of file, for media/image.cc alone.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "media/image.h"

namespace rowmill {

// Each reads the header, calls check(width, height), whose text ends it, and then decodes, unless
// `image` is null. Returns what is wrong; `orientation` is EXIF's.
struct ImageRequest {
  std::span<const std::byte> file;
  const ImageLimits& limits;
  ImageInfo& info;
  RgbImage* image;  // null: only the header is read
  uint32_t& orientation;
};

std::string ReadJpeg(const ImageRequest& request);
std::string ReadPng(const ImageRequest& request);
std::string ReadWebp(const ImageRequest& request);

// Puts the size into `info` and, where it is within the limits, makes room for the pixels. Returns
// what is wrong.
std::string TakeSize(const ImageRequest& request, uint64_t width, uint64_t height);

}  // namespace rowmill
