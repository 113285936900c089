#include "media/wav.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/hash.h"

namespace rowmill {
namespace {

template <typename T>
void Put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

struct Format {
  uint16_t format = 1;
  uint16_t bits = 16;
  uint16_t channels = 1;
  uint32_t rate = 16000;
};

std::string Header(const Format& f, uint32_t data_size, const std::string& before_data = "") {
  std::string out = "RIFF";
  Put<uint32_t>(out, 36 + data_size);
  out += "WAVEfmt ";
  Put<uint32_t>(out, 16);
  Put<uint16_t>(out, f.format);
  Put<uint16_t>(out, f.channels);
  Put<uint32_t>(out, f.rate);
  const auto frame = static_cast<uint16_t>(f.channels * ((f.bits + 7) / 8));
  Put<uint32_t>(out, f.rate * frame);
  Put<uint16_t>(out, frame);
  Put<uint16_t>(out, f.bits);
  out += before_data + "data";
  Put<uint32_t>(out, data_size);
  return out;
}

template <typename T>
std::string Wav(const Format& f, const std::vector<T>& samples) {
  std::string out = Header(f, static_cast<uint32_t>(samples.size() * sizeof(T)));
  for (const T sample : samples) Put(out, sample);
  return out;
}

std::string Decode(const std::string& file, std::vector<float>& samples, AudioInfo& info) {
  return DecodeAudio(AsBytes(file), info, samples);
}

std::vector<float> Decoded(const std::string& file) {
  std::vector<float> samples;
  AudioInfo info;
  EXPECT_EQ(Decode(file, samples, info), "");
  AudioInfo inspected;
  EXPECT_EQ(InspectAudio(AsBytes(file), inspected), "");
  EXPECT_EQ(inspected.num_frames, samples.size());
  EXPECT_EQ(inspected.num_frames, info.num_frames);
  return samples;
}

TEST(WavTest, ReadsEachCoding) {
  EXPECT_EQ(Decoded(Wav<uint8_t>({1, 8}, {128, 255, 0})),
            (std::vector<float>{0.0f, 127.0f / 128, -1.0f}));
  EXPECT_EQ(Decoded(Wav<int16_t>({1, 16}, {0, 16384, -32768})),
            (std::vector<float>{0.0f, 0.5f, -1.0f}));
  EXPECT_EQ(Decoded(Wav<int32_t>({1, 32}, {1 << 30, INT32_MIN})),
            (std::vector<float>{0.5f, -1.0f}));
  EXPECT_EQ(Decoded(Wav<float>({3, 32}, {0.25f, NAN, 1e30f})),
            (std::vector<float>{0.25f, 0.0f, 16.0f}));
  EXPECT_EQ(Decoded(Wav<double>({3, 64}, {0.25, -INFINITY})), (std::vector<float>{0.25f, 0.0f}));
  // 24 bits: 0x400000 is one half, 0xFFFFFF the smallest negative number.
  EXPECT_EQ(Decoded(Wav<uint8_t>({1, 24}, {0, 0, 0x40, 0xFF, 0xFF, 0xFF})),
            (std::vector<float>{0.5f, -1.0f / 8388608}));
  // ITU-T G.711, tables 1 and 2: the loudest, the quietest of each sign.
  EXPECT_EQ(Decoded(Wav<uint8_t>({7, 8}, {0x80, 0x00, 0xFF, 0x7F})),
            (std::vector<float>{32124.0f / 32768, -32124.0f / 32768, 0.0f, 0.0f}));
  EXPECT_EQ(Decoded(Wav<uint8_t>({6, 8}, {0xAA, 0x2A, 0xD5, 0x55})),
            (std::vector<float>{32256.0f / 32768, -32256.0f / 32768, 8.0f / 32768, -8.0f / 32768}));
}

TEST(WavTest, MixesChannelsAndSkipsOtherChunks) {
  EXPECT_EQ(Decoded(Wav<int16_t>({1, 16, 2}, {16384, 0, -16384, -16384})),
            (std::vector<float>{0.25f, -0.5f}));
  std::string extra = "LIST";
  Put<uint32_t>(extra, 3);
  extra += "abc";
  extra += '\0';  // chunks begin at even places
  std::string file = Header({}, 2, extra);
  Put<int16_t>(file, 16384);
  EXPECT_EQ(Decoded(file), (std::vector<float>{0.5f}));
}

TEST(WavTest, ReadsExtensibleAndRf64) {
  std::string file = "RF64";
  Put<uint32_t>(file, 0xFFFFFFFF);
  file += "WAVEds64";
  Put<uint32_t>(file, 28);
  Put<uint64_t>(file, 100);
  Put<uint64_t>(file, 4);  // bytes of data
  Put<uint64_t>(file, 2);
  Put<uint32_t>(file, 0);
  file += "fmt ";
  Put<uint32_t>(file, 40);
  Put<uint16_t>(file, 0xFFFE);
  Put<uint16_t>(file, 1);
  Put<uint32_t>(file, 8000);
  Put<uint32_t>(file, 16000);
  Put<uint16_t>(file, 2);
  Put<uint16_t>(file, 16);
  Put<uint16_t>(file, 22);
  Put<uint16_t>(file, 16);
  Put<uint32_t>(file, 4);
  Put<uint16_t>(file, 1);  // PCM
  file += std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  file += "data";
  Put<uint32_t>(file, 0xFFFFFFFF);
  Put<int16_t>(file, 8192);
  Put<int16_t>(file, -8192);
  Put<int16_t>(file, 1);  // behind the data
  std::vector<float> samples;
  AudioInfo info;
  ASSERT_EQ(Decode(file, samples, info), "");
  EXPECT_EQ(samples, (std::vector<float>{0.25f, -0.25f}));
  EXPECT_EQ(info.sample_rate, 8000u);
}

TEST(WavTest, SaysWhenTheFileWasCut) {
  std::string file = Header({}, 8);
  Put<int16_t>(file, 1);
  Put<int16_t>(file, 2);
  file += 'x';  // half a sample
  std::vector<float> samples;
  AudioInfo info;
  EXPECT_EQ(Decode(file, samples, info), "");
  EXPECT_TRUE(info.is_cut);
  EXPECT_EQ(samples.size(), 2u);
  // A pipe's writer does not know the length.
  file = Header({}, 0xFFFFFFFF);
  Put<int16_t>(file, 1);
  EXPECT_EQ(Decode(file, samples, info), "");
  EXPECT_FALSE(info.is_cut);
}

TEST(WavTest, NamesWhatItDoesNotRead) {
  const auto error = [](const std::string& file) {
    std::vector<float> samples;
    AudioInfo info;
    const std::string text = Decode(file, samples, info);
    AudioInfo inspected;
    EXPECT_EQ(InspectAudio(AsBytes(file), inspected), text);
    EXPECT_FALSE(text.empty());
    return text;
  };
  EXPECT_THAT(error(""), ::testing::HasSubstr("empty"));
  EXPECT_THAT(error(Wav<int16_t>({2, 4}, {0})), ::testing::HasSubstr("format 2"));
  EXPECT_THAT(error(Wav<int16_t>({}, {})), ::testing::HasSubstr("no samples"));
  EXPECT_THAT(error(Wav<int16_t>({1, 16, 0}, {0})), ::testing::HasSubstr("channels"));
  EXPECT_THAT(error(Wav<int16_t>({1, 16, 1, 0}, {0})), ::testing::HasSubstr("0 samples per"));
  EXPECT_THAT(error("RIFF----WAVEdata\x02\0\0\0ab"), ::testing::HasSubstr("WAV"));
  EXPECT_THAT(error("this is a text and no sound"), ::testing::Not(::testing::IsEmpty()));
}

TEST(WavTest, ACutFileIsRefusedOrReadAsFarAsItGoes) {
  const std::string whole = Wav<int16_t>({1, 16, 2}, std::vector<int16_t>(40, 1000));
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<float> samples;
    AudioInfo info;
    const std::string error = Decode(whole.substr(0, size), samples, info);
    if (error.empty()) {
      EXPECT_TRUE(info.is_cut) << size;
      EXPECT_EQ(samples.size(), (size - 44) / 4);
    } else {
      EXPECT_TRUE(samples.empty());
    }
  }
}

TEST(WavTest, DamagedHeadersDoNoHarm) {
  const std::string whole = Wav<int16_t>({1, 16, 2}, std::vector<int16_t>(40, 1000));
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string file = whole;
    for (int k = 0; k < 3; ++k) file[random() % 60] = static_cast<char>(random());
    std::vector<float> samples;
    AudioInfo info;
    if (Decode(file, samples, info).empty()) {
      EXPECT_EQ(samples.size(), info.num_frames);
      EXPECT_LE(samples.size(), file.size());
    }
  }
}

}  // namespace
}  // namespace rowmill
