#include "media/exif_orientation.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace rowmill {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Numbers at places of a TIFF file; 0 beyond its end.
class TiffBytes {
 public:
  TiffBytes(std::span<const std::byte> bytes, bool is_little)
      : bytes_(bytes), is_little_(is_little) {}

  bool Has(size_t place, size_t count) const {
    return place <= bytes_.size() && count <= bytes_.size() - place;
  }
  uint32_t Number(size_t place, size_t count) const {
    if (!Has(place, count)) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = is_little_ ? place + count - 1 - i : place + i;
      value = value << 8 | std::to_integer<uint32_t>(bytes_[at]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool is_little_;
};

bool StartsWith(std::span<const std::byte> bytes, std::string_view text) {
  if (bytes.size() < text.size()) return false;
  return std::equal(text.begin(), text.end(), bytes.begin(), [](char c, std::byte b) {
    return static_cast<std::byte>(static_cast<unsigned char>(c)) == b;
  });
}

}  // namespace

uint32_t ExifOrientation(std::span<const std::byte> exif) {
  constexpr std::string_view kHeader("Exif\0\0", 6);
  if (StartsWith(exif, kHeader)) exif = exif.subspan(kHeader.size());
  const bool is_little = StartsWith(exif, std::string_view("II*\0", 4));
  if (!is_little && !StartsWith(exif, std::string_view("MM\0*", 4))) return 1;
  const TiffBytes tiff(exif, is_little);
  const size_t directory = tiff.Number(4, 4);
  if (!tiff.Has(directory, 2)) return 1;
  const size_t num_entries = tiff.Number(directory, 2);
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (!tiff.Has(entry, kEntryBytes)) return 1;
    if (tiff.Number(entry, 2) != kOrientationTag) continue;
    if (tiff.Number(entry + 2, 2) != kShortType || tiff.Number(entry + 4, 4) != 1) return 1;
    const uint32_t orientation = tiff.Number(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

void ApplyOrientation(uint32_t orientation, RgbImage& image) {
  if (orientation < 2 || orientation > 8) return;
  const size_t width = image.width;
  const size_t height = image.height;
  const bool is_transposed = orientation >= 5;
  // Pixel (x, y) of the result comes from here.
  const auto source = [&](size_t x, size_t y) -> std::pair<size_t, size_t> {
    switch (orientation) {
      case 2:
        return {width - 1 - x, y};
      case 3:
        return {width - 1 - x, height - 1 - y};
      case 4:
        return {x, height - 1 - y};
      case 5:
        return {y, x};
      case 6:
        return {y, height - 1 - x};
      case 7:
        return {width - 1 - y, height - 1 - x};
      default:
        return {width - 1 - y, x};
    }
  };
  RgbImage turned;
  turned.width = is_transposed ? image.height : image.width;
  turned.height = is_transposed ? image.width : image.height;
  turned.pixels.resize(image.pixels.size());
  uint8_t* out = turned.pixels.data();
  for (size_t y = 0; y < turned.height; ++y) {
    for (size_t x = 0; x < turned.width; ++x, out += 3) {
      const auto [from_x, from_y] = source(x, y);
      const uint8_t* from = image.pixels.data() + (from_y * width + from_x) * 3;
      std::copy(from, from + 3, out);
    }
  }
  image = std::move(turned);
}

}  // namespace rowmill
