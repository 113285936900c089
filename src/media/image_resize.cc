#include "media/image_resize.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace rowmill {
namespace {

// Weights are below 2 and sums of their products with bytes fit 32 bits with a sign.
constexpr int kPrecisionBits = 32 - 8 - 2;

double Bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double Bicubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

// Which inputs make an output, with what weights.
struct Taps {
  size_t first = 0;
  size_t count = 0;
  const int32_t* weights = nullptr;  // [count], fixed point
};

class Filter {
 public:
  // Outputs [begin, end) of `out_size`.
  Filter(size_t in_size, size_t out_size, size_t begin, size_t end, ResizeFilter kind) {
    const double scale = static_cast<double>(in_size) / static_cast<double>(out_size);
    const double filter_scale = std::max(scale, 1.0);
    const double support = (kind == ResizeFilter::kBicubic ? 2.0 : 1.0) * filter_scale;
    const auto stride = static_cast<size_t>(std::ceil(support)) * 2 + 1;
    const double inverse = 1.0 / filter_scale;
    weights_.resize((end - begin) * stride);
    std::vector<double> exact(stride);
    for (size_t i = begin; i < end; ++i) {
      const double center = (static_cast<double>(i) + 0.5) * scale;
      // Truncation, as a C cast does, then into the picture.
      const auto low = static_cast<int64_t>(center - support + 0.5);
      const auto high = static_cast<int64_t>(center + support + 0.5);
      const auto first = static_cast<size_t>(std::max<int64_t>(low, 0));
      const size_t count = std::min(static_cast<size_t>(high), in_size) - first;
      double sum = 0.0;
      for (size_t k = 0; k < count; ++k) {
        const double at = (static_cast<double>(k + first) - center + 0.5) * inverse;
        exact[k] = kind == ResizeFilter::kBicubic ? Bicubic(at) : Bilinear(at);
        sum += exact[k];
      }
      int32_t* weights = weights_.data() + (i - begin) * stride;
      for (size_t k = 0; k < count; ++k) {
        const double weight = (sum != 0.0 ? exact[k] / sum : exact[k]) * (1 << kPrecisionBits);
        weights[k] = static_cast<int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
      }
      taps_.push_back({first, count, weights});
    }
  }

  const Taps& operator[](size_t i) const { return taps_[i]; }

 private:
  std::vector<int32_t> weights_;  // [out_size, stride]
  std::vector<Taps> taps_;
};

uint8_t Clip(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

// One row of the box to `width` pixels of four bytes, the last of which means nothing: four sums
// are what a vector register takes.
void NarrowRow(const uint8_t* row, const Filter& filter, size_t width, uint8_t* out) {
  for (size_t x = 0; x < width; ++x, out += 4) {
    const Taps& taps = filter[x];
    const uint8_t* in = row + taps.first * 3;
    int32_t r = kHalf, g = kHalf, b = kHalf;
    for (size_t k = 0; k < taps.count; ++k, in += 3) {
      const int32_t weight = taps.weights[k];
      r += weight * in[0];
      g += weight * in[1];
      b += weight * in[2];
    }
    out[0] = Clip(r);
    out[1] = Clip(g);
    out[2] = Clip(b);
    out[3] = 0;
  }
}

}  // namespace

void CropAndResize(const RgbImage& image, const ResizeRequest& request, ResizeScratch& scratch,
                   RgbImage& out) {
  const CropBox& box = request.box;
  CHECK(box.width > 0 && box.height > 0 && box.width <= image.width && box.height <= image.height);
  CHECK(box.x <= image.width - box.width && box.y <= image.height - box.height);
  const CropBox part =
      request.out.width > 0 ? request.out : CropBox{0, 0, request.width, request.height};
  CHECK(part.width > 0 && part.height > 0 && part.width <= request.width &&
        part.height <= request.height);
  CHECK(part.x <= request.width - part.width && part.y <= request.height - part.height);
  const size_t width = part.width;
  const size_t row_bytes = width * 4;
  const Filter along_columns(box.height, request.height, part.y, part.y + part.height,
                             request.filter);
  // Rows that no output is made of are left out.
  const size_t first_row = along_columns[0].first;
  const Taps& last = along_columns[part.height - 1];
  const size_t num_rows = last.first + last.count - first_row;
  scratch.narrowed.resize(row_bytes * num_rows);
  // Pillow leaves an axis alone whose size stays; a filter of that scale does the same.
  const Filter along_rows(box.width, request.width, part.x, part.x + part.width, request.filter);
  for (size_t y = 0; y < num_rows; ++y) {
    const uint8_t* row =
        image.pixels.data() + ((box.y + first_row + y) * size_t{image.width} + box.x) * 3;
    NarrowRow(row, along_rows, width, scratch.narrowed.data() + y * row_bytes);
  }
  out.width = part.width;
  out.height = part.height;
  out.pixels.resize(width * part.height * 3);
  std::vector<int32_t> sums(row_bytes);
  uint8_t* to = out.pixels.data();
  for (size_t y = 0; y < part.height; ++y) {
    const Taps& taps = along_columns[y];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (size_t k = 0; k < taps.count; ++k) {
      const uint8_t* in = scratch.narrowed.data() + (taps.first - first_row + k) * row_bytes;
      const int32_t weight = taps.weights[k];
      for (size_t i = 0; i < row_bytes; ++i) sums[i] += weight * in[i];
    }
    for (size_t x = 0; x < width; ++x, to += 3) {
      for (size_t c = 0; c < 3; ++c) to[c] = Clip(sums[4 * x + c]);
    }
  }
}

}  // namespace rowmill
