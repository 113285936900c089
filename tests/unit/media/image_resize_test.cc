#include "media/image_resize.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace rowmill {
namespace {

// As tools/make_image_goldens.py makes it.
RgbImage Formula(uint32_t width, uint32_t height) {
  RgbImage image;
  image.width = width;
  image.height = height;
  image.pixels.resize(size_t{width} * height * 3);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>(static_cast<uint32_t>(i * 2654435761u) >> 24);
  }
  return image;
}

TEST(ImageResizeTest, EqualsPillow) {
  const auto goldens = nlohmann::json::parse(
      std::ifstream(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/images/goldens.json"));
  ResizeScratch scratch;
  RgbImage out;
  size_t count = 0;
  for (const auto& golden : goldens["resizes"]) {
    ResizeRequest request;
    const auto& box = golden["box"];
    request.box = {box[0], box[1], box[2], box[3]};
    request.width = golden["result"][0];
    request.height = golden["result"][1];
    request.filter =
        golden["filter"] == "bicubic" ? ResizeFilter::kBicubic : ResizeFilter::kBilinear;
    CropAndResize(Formula(golden["size"][0], golden["size"][1]), request, scratch, out);
    EXPECT_EQ(Sha256Hex(std::as_bytes(std::span(out.pixels))), golden["sha256"].get<std::string>())
        << golden;
    ++count;
  }
  EXPECT_GE(count, 11u);
}

TEST(ImageResizeTest, OneColourStaysOneColour) {
  RgbImage image;
  image.width = 301;
  image.height = 77;
  image.pixels.assign(size_t{301} * 77 * 3, 200);
  ResizeScratch scratch;
  RgbImage out;
  for (const ResizeFilter filter : {ResizeFilter::kBilinear, ResizeFilter::kBicubic}) {
    ResizeRequest request;
    request.box = {3, 5, 290, 60};
    request.width = 224;
    request.height = 13;
    request.filter = filter;
    CropAndResize(image, request, scratch, out);
    for (const uint8_t value : out.pixels) ASSERT_EQ(value, 200);
  }
}

TEST(ImageResizeTest, APartIsCutOutOfTheWhole) {
  const RgbImage image = Formula(97, 61);
  ResizeScratch scratch;
  RgbImage whole;
  RgbImage part;
  ResizeRequest request;
  request.box = {1, 2, 90, 50};
  request.width = 41;
  request.height = 66;
  CropAndResize(image, request, scratch, whole);
  request.out = {7, 9, 30, 50};
  CropAndResize(image, request, scratch, part);
  ASSERT_EQ(part.width, 30u);
  ASSERT_EQ(part.height, 50u);
  for (size_t y = 0; y < 50; ++y) {
    for (size_t i = 0; i < 90; ++i) {
      ASSERT_EQ(part.pixels[y * 90 + i], whole.pixels[((y + 9) * 41 + 7) * 3 + i]) << y;
    }
  }
}

}  // namespace
}  // namespace rowmill
