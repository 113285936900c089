#include "media/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace rowmill {
namespace {

std::vector<float> Tone(double hertz, uint32_t rate, size_t count, double amplitude = 0.5) {
  std::vector<float> samples(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = static_cast<float>(amplitude *
                                    std::sin(2.0 * M_PI * hertz * static_cast<double>(i) / rate));
  }
  return samples;
}

TEST(ResampleTest, IsWithinAHairOfSoxr) {
  std::ifstream file(ROWMILL_SOURCE_DIR "/tests/data/audio_goldens.json");
  const nlohmann::json goldens = nlohmann::json::parse(file)["resampled"];
  ASSERT_EQ(goldens.size(), 4u);
  for (const auto& [name, golden] : goldens.items()) {
    const auto rate = static_cast<uint32_t>(std::stoul(name));
    std::vector<float> samples = Tone(440, rate, rate);
    const std::vector<float> second = Tone(1234, rate, rate, 0.25);
    const std::vector<float> third = Tone(3300, rate, rate, 0.125);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] += second[i] + third[i];
    const std::vector<float> out = Resample(samples, rate, 16000);
    ASSERT_EQ(out.size(), 16000u);
    const auto begin = golden["begin"].get<size_t>();
    for (size_t i = 0; i < golden["samples"].size(); ++i) {
      EXPECT_NEAR(out[begin + i], golden["samples"][i].get<double>(), 3e-5) << name << " " << i;
    }
  }
}

TEST(ResampleTest, KeepsThePassbandAndDropsWhatLiesAbove) {
  const auto loudest = [](double hertz) {
    const std::vector<float> out = Resample(Tone(hertz, 44100, 44100), 44100, 16000);
    float most = 0.0f;
    for (size_t i = 4000; i < 12000; ++i) most = std::max(most, std::fabs(out[i]));
    return most;
  };
  EXPECT_NEAR(loudest(7000), 0.5, 1e-3);
  EXPECT_LT(loudest(8200), 0.5 * 1e-4);
  EXPECT_LT(loudest(15000), 0.5 * 5e-5);
}

TEST(ResampleTest, CountsSamplesAndKeepsConstants) {
  EXPECT_TRUE(Resample({}, 44100, 16000).empty());
  const std::vector<float> one(1, 1.0f);
  EXPECT_EQ(Resample(one, 48000, 16000).size(), 1u);
  EXPECT_EQ(Resample(one, 8000, 16000).size(), 2u);
  EXPECT_EQ(Resample(std::vector<float>(441, 0.0f), 44100, 16000).size(), 160u);
  EXPECT_EQ(Resample(std::vector<float>{0.25f, -1.0f}, 16000, 16000),
            (std::vector<float>{0.25f, -1.0f}));
  const std::vector<float> flat = Resample(std::vector<float>(22050, 0.75f), 22050, 16000);
  for (size_t i = 1000; i < 15000; ++i) EXPECT_NEAR(flat[i], 0.75f, 1e-6);
}

TEST(ResampleTest, RefusesRatesThatWouldTakeTooMuch) {
  EXPECT_TRUE(CheckRates(44100, 16000).empty());
  EXPECT_TRUE(CheckRates(11025, 16000).empty());
  EXPECT_TRUE(CheckRates(96000, 16000).empty());
  EXPECT_TRUE(CheckRates(11127, 16000).empty());  // of old Macintosh files
  EXPECT_NE(CheckRates(383999, 16000), "");
}

}  // namespace
}  // namespace rowmill
