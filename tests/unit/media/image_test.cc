#include "media/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/hash.h"

namespace rowmill {
namespace {

using ::testing::StartsWith;

const std::string kFolder = std::string(ROWMILL_SOURCE_DIR) + "/tests/data/images/";

std::vector<std::byte> ReadFile(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::span<const std::byte> bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

const nlohmann::json& Goldens() {
  static const nlohmann::json kGoldens =
      nlohmann::json::parse(std::ifstream(kFolder + "goldens.json"))["pictures"];
  return kGoldens;
}

std::string PixelHash(const RgbImage& image) {
  return Sha256Hex(std::as_bytes(std::span(image.pixels)));
}

TEST(ImageTest, PixelsAreThoseOfPillow) {
  RgbImage image;  // used again from picture to picture
  size_t count = 0;
  for (const nlohmann::json& golden : Goldens()) {
    const std::string name = golden["file"];
    const std::vector<std::byte> file = ReadFile(name);
    EXPECT_EQ(DecodeImage(file, {}, image), "") << name;
    EXPECT_EQ(image.width, golden["width"].get<uint32_t>()) << name;
    EXPECT_EQ(image.height, golden["height"].get<uint32_t>()) << name;
    EXPECT_EQ(PixelHash(image), golden["sha256"].get<std::string>()) << name;
    ImageInfo info;
    EXPECT_EQ(InspectImage(file, {}, info), "") << name;
    EXPECT_EQ(info.width * info.height, image.width * image.height) << name;
    ++count;
  }
  EXPECT_GE(count, 25u);
}

// What is cut is an error, or lost nothing that counts.
TEST(ImageTest, EveryTruncationIsAnErrorOrTheWholePicture) {
  RgbImage image;
  for (const nlohmann::json& golden : Goldens()) {
    const std::string name = golden["file"];
    const std::vector<std::byte> whole = ReadFile(name);
    size_t num_fine = 0;
    for (size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read behind its end.
      const std::vector<std::byte> file(whole.begin(),
                                        whole.begin() + static_cast<ptrdiff_t>(size));
      ImageInfo info;
      InspectImage(file, {}, info);
      if (!DecodeImage(file, {}, image).empty()) continue;
      ++num_fine;
      // An orientation may have gone with the end of the file; the pixels have not.
      EXPECT_EQ(image.pixels.size(), 45u * 38u * 3u) << name << " " << size;
      if (!name.starts_with("turned")) {
        EXPECT_EQ(PixelHash(image), golden["sha256"].get<std::string>()) << name << " " << size;
      }
    }
    EXPECT_LE(num_fine, whole.size() / 2) << name;
  }
}

TEST(ImageTest, DamagedBytesNeverEndTheProcess) {
  const uint64_t seed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  RgbImage image;
  const ImageLimits limits = {.max_pixels = 1 << 20};
  for (const nlohmann::json& golden : Goldens()) {
    const std::vector<std::byte> whole = ReadFile(golden["file"]);
    for (int round = 0; round < 60; ++round) {
      std::vector<std::byte> file = whole;
      for (int i = 0; i <= round % 5; ++i) {
        file[random() % file.size()] = static_cast<std::byte>(random());
      }
      DecodeImage(file, limits, image);
      EXPECT_LE(image.pixels.size(), limits.max_pixels * 3);
    }
  }
}

TEST(ImageTest, SaysWhatItIsNot) {
  RgbImage image;
  ImageInfo info;
  for (const std::string_view text : {"GIF89a......", "x", "", "RIFF....WAVE"}) {
    EXPECT_EQ(DecodeImage(AsBytes(text), {}, image), "the file is no JPEG, PNG or WebP picture");
    EXPECT_EQ(InspectImage(AsBytes(text), {}, info), "the file is no JPEG, PNG or WebP picture");
  }
  EXPECT_THAT(DecodeImage(AsBytes("\xff\xd8\xff"), {}, image), StartsWith("the JPEG is broken: "));
  EXPECT_THAT(DecodeImage(AsBytes("\x89PNG\r\n\x1a\n"), {}, image),
              StartsWith("the PNG is broken: "));
}

TEST(ImageTest, BombsAreRefusedByTheirHeader) {
  const ImageLimits limits = {.max_pixels = 45 * 38 - 1};
  RgbImage image;
  ImageInfo info;
  for (const char* name : {"baseline.jpg", "rgb.png", "lossless.webp", "animated.webp"}) {
    const std::vector<std::byte> file = ReadFile(name);
    const std::string expected = "the picture is 45 x 38 pixels, more than the limit of 1709";
    EXPECT_EQ(DecodeImage(file, limits, image), expected) << name;
    EXPECT_EQ(InspectImage(file, limits, info), expected) << name;
    EXPECT_TRUE(image.pixels.empty());
    EXPECT_EQ(DecodeImage(file, {.max_pixels = 45 * 38}, image), "") << name;
    EXPECT_EQ(DecodeImage(file, {.max_side = 44}, image),
              "the picture is 45 x 38 pixels, a side may have 44");
    image = {};
  }
}

// A scan that changes nothing costs a few bytes, and libjpeg goes through the whole picture for it.
TEST(ImageTest, EndlessScansAreRefused) {
  const std::vector<std::byte> whole = ReadFile("progressive.jpg");
  const auto find_marker = [&](size_t from, auto accepts) {
    for (size_t i = from; i + 1 < whole.size(); ++i) {
      if (whole[i] == std::byte{0xff} && accepts(std::to_integer<int>(whole[i + 1]))) return i;
    }
    return whole.size();
  };
  // The first scan, of the lowest frequency, from its SOS marker to the next one.
  const size_t begin = find_marker(0, [](int marker) { return marker == 0xda; });
  const size_t end = find_marker(begin + 2, [](int marker) { return marker >= 0xc0; });
  ASSERT_LT(end, whole.size());
  const auto at = [&](size_t place) { return whole.begin() + static_cast<ptrdiff_t>(place); };
  for (const int count : {90, 200}) {
    std::vector<std::byte> file(whole.begin(), at(begin));
    for (int i = 0; i < count; ++i) file.insert(file.end(), at(begin), at(end));
    file.insert(file.end(), at(end), whole.end());
    RgbImage image;
    EXPECT_EQ(DecodeImage(file, {}, image),
              count > 100 ? "the JPEG is broken: more than 100 scans" : "");
  }
}

}  // namespace
}  // namespace rowmill
