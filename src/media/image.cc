#include "media/image.h"

#include <algorithm>
#include <string_view>

#include "base/checked.h"
#include "media/exif_orientation.h"
#include "media/image_decoders.h"

namespace rowmill {
namespace {

bool HasAt(std::span<const std::byte> file, size_t place, std::string_view text) {
  if (file.size() < place + text.size()) return false;
  return std::equal(text.begin(), text.end(), file.begin() + static_cast<ptrdiff_t>(place),
                    [](char c, std::byte b) {
                      return static_cast<std::byte>(static_cast<unsigned char>(c)) == b;
                    });
}

std::string Read(const ImageRequest& request) {
  const std::span<const std::byte> file = request.file;
  if (HasAt(file, 0, "\xff\xd8\xff")) {
    request.info.kind = ImageKind::kJpeg;
    return ReadJpeg(request);
  }
  if (HasAt(file, 0, "\x89PNG\r\n\x1a\n")) {
    request.info.kind = ImageKind::kPng;
    return ReadPng(request);
  }
  if (HasAt(file, 0, "RIFF") && HasAt(file, 8, "WEBP")) {
    request.info.kind = ImageKind::kWebp;
    return ReadWebp(request);
  }
  return "the file is no JPEG, PNG or WebP picture";
}

}  // namespace

std::string TakeSize(const ImageRequest& request, uint64_t width, uint64_t height) {
  const auto pixels = (Checked(width) * height).value();
  if (width == 0 || height == 0) return "the picture has no pixels";
  const std::string size =
      "the picture is " + std::to_string(width) + " x " + std::to_string(height) + " pixels, ";
  const ImageLimits& limits = request.limits;
  if (width > limits.max_side || height > limits.max_side) {
    return size + "a side may have " + std::to_string(limits.max_side);
  }
  if (!pixels || *pixels > limits.max_pixels) {
    return size + "more than the limit of " + std::to_string(limits.max_pixels);
  }
  request.info.width = static_cast<uint32_t>(width);
  request.info.height = static_cast<uint32_t>(height);
  if (request.image != nullptr) {
    request.image->width = request.info.width;
    request.image->height = request.info.height;
    request.image->pixels.resize(static_cast<size_t>(*pixels) * 3);
  }
  return "";
}

std::string InspectImage(std::span<const std::byte> file, const ImageLimits& limits,
                         ImageInfo& info) {
  uint32_t orientation = 1;
  return Read({file, limits, info, nullptr, orientation});
}

std::string DecodeImage(std::span<const std::byte> file, const ImageLimits& limits,
                        RgbImage& image) {
  ImageInfo info;
  uint32_t orientation = 1;
  std::string error = Read({file, limits, info, &image, orientation});
  if (error.empty()) ApplyOrientation(orientation, image);
  return error;
}

const std::vector<std::string>& ImageSuffixes() {
  static const std::vector<std::string> kSuffixes = {".jpg", ".jpeg", ".jpe", ".png", ".webp"};
  return kSuffixes;
}

}  // namespace rowmill
