#include "media/sound_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace rowmill {
namespace {

void PutBigEndian(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

// Apple's AIFF, the plainest of what libsndfile reads and this project does not.
std::string Aiff(const std::vector<int16_t>& samples, uint16_t channels) {
  std::string out = "FORM";
  PutBigEndian(out, 46 + samples.size() * 2, 4);
  out += "AIFFCOMM";
  PutBigEndian(out, 18, 4);
  PutBigEndian(out, channels, 2);
  PutBigEndian(out, samples.size() / channels, 4);
  PutBigEndian(out, 16, 2);
  // 22050 as an 80-bit float: 2^14 times 1.3458...
  PutBigEndian(out, 0x3FFF + 14, 2);
  PutBigEndian(out, uint64_t{22050} << (63 - 14), 8);
  out += "SSND";
  PutBigEndian(out, 8 + samples.size() * 2, 4);
  PutBigEndian(out, 0, 8);
  for (const int16_t sample : samples) PutBigEndian(out, static_cast<uint16_t>(sample), 2);
  return out;
}

class SoundLibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AudioInfo info;
    const std::string error = InspectBySoundLibrary(AsBytes(std::string_view("no sound")), info);
    ASSERT_FALSE(error.empty());
    if (error.find("not on this machine") != std::string::npos) {
      EXPECT_THAT(error, ::testing::HasSubstr("apt install libsndfile1"));
      GTEST_SKIP() << "libsndfile is not on this machine";
    }
  }
};

TEST_F(SoundLibraryTest, ReadsWhatItKnows) {
  const std::string file = Aiff({16384, 0, -32768, -32768, 100, 300}, 2);
  AudioInfo info;
  EXPECT_EQ(InspectAudio(AsBytes(file), info), "");
  EXPECT_EQ(info.num_frames, 3u);
  EXPECT_EQ(info.sample_rate, 22050u);
  std::vector<float> samples;
  ASSERT_EQ(DecodeAudio(AsBytes(file), info, samples), "");
  EXPECT_EQ(samples, (std::vector<float>{0.25f, -1.0f, 200.0f / 32768}));
  EXPECT_FALSE(info.is_cut);
}

TEST_F(SoundLibraryTest, CutFilesAreRefusedOrReadAsFarAsTheyGo) {
  const std::string whole = Aiff(std::vector<int16_t>(400, 1000), 1);
  for (size_t size = 1; size < whole.size(); ++size) {
    AudioInfo info;
    std::vector<float> samples;
    const std::string error = DecodeAudio(AsBytes(whole.substr(0, size)), info, samples);
    EXPECT_EQ(error.empty(), !samples.empty()) << size;
    EXPECT_LE(samples.size(), 400u);
  }
}

}  // namespace
}  // namespace rowmill
