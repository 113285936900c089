#include "media/sound_library.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/hash.h"

// libsndfile 1.2.0 forgets what libvorbis holds of a file whose headers are cut off, some 6 kB a
// file: the leak sanitizer asks here what it shall pass over.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libvorbis"; }

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

// Writing by the library itself: what is under test only reads.
class SoundWriter {
 public:
  explicit SoundWriter(int format) : format_(format) {}

  // One channel; nothing where this build of the library does not write the format.
  std::string Write(const std::vector<float>& samples, int sample_rate) {
    void* library = dlopen("libsndfile.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return "";
    const auto open = reinterpret_cast<void* (*)(const Io*, int, Info*, void*)>(
        dlsym(library, "sf_open_virtual"));
    const auto write = reinterpret_cast<int64_t (*)(void*, const float*, int64_t)>(
        dlsym(library, "sf_writef_float"));
    const auto close = reinterpret_cast<int (*)(void*)>(dlsym(library, "sf_close"));
    Info info;
    info.samplerate = sample_rate;
    info.channels = 1;
    info.format = format_;
    const Io io = {Length, Seek, Read, Put, Tell};
    constexpr int kModeWrite = 0x20;
    void* file = open(&io, kModeWrite, &info, this);
    if (file == nullptr) return "";
    const auto count = static_cast<int64_t>(samples.size());
    EXPECT_EQ(write(file, samples.data(), count), count);
    close(file);
    return bytes_;
  }

 private:
  struct Info {
    int64_t frames = 0;
    int samplerate = 0;
    int channels = 0;
    int format = 0;
    int sections = 0;
    int seekable = 0;
  };
  struct Io {
    int64_t (*length)(void*);
    int64_t (*seek)(int64_t, int, void*);
    int64_t (*read)(void*, int64_t, void*);
    int64_t (*write)(const void*, int64_t, void*);
    int64_t (*tell)(void*);
  };

  static SoundWriter& Of(void* user) { return *static_cast<SoundWriter*>(user); }
  static int64_t Length(void* user) { return static_cast<int64_t>(Of(user).bytes_.size()); }
  static int64_t Seek(int64_t offset, int whence, void* user) {
    const int64_t base = whence == 0 ? 0 : whence == 1 ? Of(user).at_ : Length(user);
    return Of(user).at_ = base + offset;
  }
  static int64_t Read(void* to, int64_t count, void* user) {
    const int64_t size = std::clamp<int64_t>(count, 0, Length(user) - Of(user).at_);
    std::memcpy(to, Of(user).bytes_.data() + Of(user).at_, static_cast<size_t>(size));
    Of(user).at_ += size;
    return size;
  }
  static int64_t Put(const void* from, int64_t count, void* user) {
    std::string& bytes = Of(user).bytes_;
    const auto end = static_cast<size_t>(Of(user).at_ + count);
    bytes.resize(std::max(bytes.size(), end));
    std::memcpy(bytes.data() + Of(user).at_, from, static_cast<size_t>(count));
    Of(user).at_ += count;
    return count;
  }
  static int64_t Tell(void* user) { return Of(user).at_; }

  int format_;
  std::string bytes_;
  int64_t at_ = 0;
};

// A second of 440 Hz, as whole numbers of 16 bits.
std::vector<float> Tone(int sample_rate) {
  std::vector<float> samples(static_cast<size_t>(sample_rate));
  for (size_t i = 0; i < samples.size(); ++i) {
    const double phase = 2.0 * 3.14159265358979 * 440.0 * static_cast<double>(i) / sample_rate;
    samples[i] = static_cast<float>(std::round(8000.0 * std::sin(phase)) / 32768.0);
  }
  return samples;
}

constexpr int kFlac = 0x170000 | 0x02;  // 16 bits
constexpr int kOggVorbis = 0x200000 | 0x60;
constexpr int kOggOpus = 0x200000 | 0x64;
constexpr int kMp3 = 0x230000 | 0x82;  // layer III

TEST_F(SoundLibraryTest, FlacIsExact) {
  const std::vector<float> tone = Tone(22050);
  const std::string file = SoundWriter(kFlac).Write(tone, 22050);
  ASSERT_EQ(file.substr(0, 4), "fLaC");
  AudioInfo info;
  std::vector<float> samples;
  ASSERT_EQ(DecodeAudio(AsBytes(file), info, samples), "");
  EXPECT_EQ(info.sample_rate, 22050u);
  EXPECT_EQ(info.num_channels, 1u);
  EXPECT_FALSE(info.is_cut);
  EXPECT_EQ(samples, tone);
}

// Lossy formats may put silence in front: the tone is looked for at each delay. A tenth of its
// amplitude may be lost: Opus at the library's default quality loses 7 %, the others less than 5 %.
TEST_F(SoundLibraryTest, LossyFormatsKeepTheTone) {
  struct Case {
    const char* name;
    int format;
    int sample_rate;
  };
  for (const Case& at : {Case{"Vorbis", kOggVorbis, 22050}, Case{"Opus", kOggOpus, 24000},
                         Case{"MP3", kMp3, 22050}}) {
    SCOPED_TRACE(at.name);
    const std::vector<float> tone = Tone(at.sample_rate);
    const std::string file = SoundWriter(at.format).Write(tone, at.sample_rate);
    if (file.empty()) {
      std::printf("not tried: this libsndfile writes no %s\n", at.name);
      continue;
    }
    AudioInfo info;
    std::vector<float> samples;
    ASSERT_EQ(DecodeAudio(AsBytes(file), info, samples), "");
    EXPECT_EQ(info.num_channels, 1u);
    const size_t rate = info.sample_rate;
    ASSERT_EQ(rate, static_cast<size_t>(at.sample_rate));
    ASSERT_GT(samples.size(), rate * 9 / 10);
    const size_t count = rate / 2;
    double least = 1e9;
    double loudness = 0.0;
    for (size_t i = 0; i < count; ++i) {
      loudness += static_cast<double>(tone[i]) * static_cast<double>(tone[i]);
    }
    for (size_t delay = rate / 10; delay < rate / 10 + rate / 100; ++delay) {
      double missed = 0.0;
      for (size_t i = 0; i < count; ++i) {
        const auto miss = static_cast<double>(samples[delay + i] - tone[i]);
        missed += miss * miss;
      }
      least = std::min(least, missed);
    }
    EXPECT_LT(least, loudness / 100.0);
    // Cut files end with what there was, or with an error; never otherwise.
    for (size_t size = 0; size < file.size(); size += 1 + file.size() / 8) {
      std::vector<float> some;
      AudioInfo cut;
      const std::string error = DecodeAudio(AsBytes(file.substr(0, size)), cut, some);
      EXPECT_EQ(error.empty(), !some.empty()) << size;
    }
  }
}

}  // namespace
}  // namespace rowmill
