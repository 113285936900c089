#include "media/exif_orientation.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace rowmill {
namespace {

// Big-endian or not, one directory with another tag and the orientation.
std::string Tiff(std::string_view order, uint16_t type, uint32_t count, uint16_t value) {
  const bool is_little = order == "II";
  std::string out = is_little ? std::string("II*\0", 4) : std::string("MM\0*", 4);
  const auto put = [&](uint32_t number, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) {
      const size_t shift = 8 * (is_little ? i : bytes - 1 - i);
      out += static_cast<char>(number >> shift);
    }
  };
  put(8, 4);
  put(2, 2);
  put(0x010f, 2), put(2, 2), put(1, 4), put(0, 4);
  put(0x0112, 2), put(type, 2), put(count, 4), put(value, 2), put(0, 2);
  put(0, 4);
  return out;
}

TEST(ExifOrientationTest, ReadsBothByteOrdersWithAndWithoutTheName) {
  for (uint16_t value = 1; value <= 8; ++value) {
    for (const char* order : {"II", "MM"}) {
      const std::string tiff = Tiff(order, 3, 1, value);
      EXPECT_EQ(ExifOrientation(AsBytes(tiff)), value);
      EXPECT_EQ(ExifOrientation(AsBytes(std::string("Exif\0\0", 6) + tiff)), value);
    }
  }
}

TEST(ExifOrientationTest, WhatIsNoOrientationIsAsStored) {
  EXPECT_EQ(ExifOrientation({}), 1u);
  EXPECT_EQ(ExifOrientation(AsBytes(Tiff("II", 3, 1, 0))), 1u);
  EXPECT_EQ(ExifOrientation(AsBytes(Tiff("II", 3, 1, 9))), 1u);
  EXPECT_EQ(ExifOrientation(AsBytes(Tiff("II", 4, 1, 6))), 1u);
  EXPECT_EQ(ExifOrientation(AsBytes(Tiff("II", 3, 2, 6))), 1u);
}

TEST(ExifOrientationTest, EveryTruncationAndHostilePlace) {
  const std::string tiff = Tiff("MM", 3, 1, 6);
  for (size_t size = 0; size < tiff.size(); ++size) {
    const std::string cut = tiff.substr(0, size);
    EXPECT_EQ(ExifOrientation(AsBytes(cut)), size >= tiff.size() - 4 ? 6u : 1u) << size;
  }
  for (const uint32_t place : {0u, 1u, 7u, 0x7fffffffu, 0xfffffffeu, 0xffffffffu}) {
    std::string moved = tiff;
    for (size_t i = 0; i < 4; ++i) moved[4 + i] = static_cast<char>(place >> (24 - 8 * i));
    EXPECT_EQ(ExifOrientation(AsBytes(moved)), 1u);
  }
}

TEST(ApplyOrientationTest, TurnsAsTheTagSays) {
  // 3 x 2 pixels: a b c / d e f.
  const auto turned = [](uint32_t orientation) {
    RgbImage image;
    image.width = 3;
    image.height = 2;
    for (uint8_t c = 'a'; c <= 'f'; ++c) image.pixels.insert(image.pixels.end(), {c, 0, 1});
    ApplyOrientation(orientation, image);
    std::string rows;
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
      if (i > 0 && i / 3 % image.width == 0) rows += '/';
      rows += static_cast<char>(image.pixels[i]);
      EXPECT_EQ(image.pixels[i + 2], 1);
    }
    return rows;
  };
  EXPECT_EQ(turned(1), "abc/def");
  EXPECT_EQ(turned(2), "cba/fed");
  EXPECT_EQ(turned(3), "fed/cba");
  EXPECT_EQ(turned(4), "def/abc");
  EXPECT_EQ(turned(5), "ad/be/cf");
  EXPECT_EQ(turned(6), "da/eb/fc");
  EXPECT_EQ(turned(7), "fc/eb/da");
  EXPECT_EQ(turned(8), "cf/be/ad");
}

}  // namespace
}  // namespace rowmill
