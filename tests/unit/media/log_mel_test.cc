#include "media/log_mel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace rowmill {
namespace {

// As tools/make_audio_goldens.py makes it.
std::vector<float> Noise(size_t count) {
  std::vector<float> samples;
  uint32_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    const int level = 1 + static_cast<int>(i / 800);
    const int random = static_cast<int>(state >> 16) - 32768;
    const int rounded = random >= 0 ? random / 64 : -((-random + 63) / 64);
    const int square = i / 18 % 2 == 1 ? 500 * level : -500 * level;
    samples.push_back(static_cast<float>(rounded * level + square) / 32768.0f);
  }
  return samples;
}

TEST(LogMelTest, IsWhatTheReferenceComputes) {
  std::ifstream file(ROWMILL_SOURCE_DIR "/tests/data/audio_goldens.json");
  const nlohmann::json golden = nlohmann::json::parse(file)["log_mel"];
  const LogMel log_mel(80);
  const MelFrames frames = log_mel.Compute(Noise(4000));
  ASSERT_EQ(frames.num_frames(), 25u);
  ASSERT_EQ(golden.size(), 25u);
  std::vector<float> values(25 * 80);
  frames.Read(0, 25, values);
  double largest = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::fabs(values[i] - golden[i / 80][i % 80].get<double>()));
  }
  EXPECT_LT(largest, 2e-5);  // 1e-4 is asked for
}

TEST(LogMelTest, ReadsZerosBehindTheEnd) {
  const LogMel log_mel(80);
  const MelFrames frames = log_mel.Compute(Noise(1000));
  ASSERT_EQ(frames.num_frames(), 6u);
  std::vector<float> values(4 * 80, 1.0f);
  frames.Read(4, 4, values);
  EXPECT_NE(values[80], 0.0f);
  for (size_t i = 160; i < values.size(); ++i) EXPECT_EQ(values[i], 0.0f);
}

TEST(LogMelTest, SilenceIsTheFloorAndShortClipsHaveNoFrames) {
  const LogMel log_mel(80);
  const MelFrames frames = log_mel.Compute(std::vector<float>(480, 0.0f));
  EXPECT_EQ(frames.largest, -10.0f);
  for (const float value : frames.log_power) EXPECT_EQ(value, -10.0f);
  EXPECT_EQ(log_mel.Compute(Noise(159)).num_frames(), 0u);
  EXPECT_EQ(log_mel.Compute({}).num_frames(), 0u);
}

// A frame depends on the samples under its window alone.
TEST(LogMelTest, FramesOfAPrefixAreThoseOfTheWhole) {
  const LogMel log_mel(80);
  const std::vector<float> samples = Noise(3200);
  const MelFrames whole = log_mel.Compute(samples);
  const MelFrames part = log_mel.Compute(std::span(samples).first(1600));
  for (size_t i = 0; i < 8 * 80; ++i) EXPECT_EQ(part.log_power[i], whole.log_power[i]);
}

TEST(LogMelTest, FindsTheEndOfAPause) {
  const std::vector<float> noise = Noise(8000);  // half a second
  std::vector<float> samples(16000 * 2, 0.0f);
  samples.insert(samples.end(), noise.begin(), noise.end());
  samples.resize(16000 * 5, 0.001f);  // steady, 50 dB below: quiet but not silent
  const LogMel log_mel(80);
  const MelFrames frames = log_mel.Compute(samples);
  EXPECT_NEAR(static_cast<double>(frames.NextSound(0)), 180.0, 2.0);
  EXPECT_EQ(frames.NextSound(150), 150u);  // half a second before the sound: no pause
  EXPECT_EQ(frames.NextSound(210), 210u);
  EXPECT_EQ(frames.NextSound(260), frames.num_frames());
  EXPECT_EQ(frames.NextSound(frames.num_frames()), frames.num_frames());
}

TEST(RealFourierTest, IsTheSumThatItStandsFor) {
  for (const size_t length : {2u, 4u, 6u, 14u, 30u, 400u}) {
    const RealFourier fourier(length);
    std::vector<double> x(length), power(fourier.num_bins());
    for (size_t i = 0; i < length; ++i) x[i] = std::sin(0.7 * static_cast<double>(i * i)) + 0.1;
    RealFourier::Scratch scratch;
    fourier.PowerSpectrum(x, scratch, power);
    for (size_t k = 0; k < power.size(); ++k) {
      double re = 0.0, im = 0.0;
      for (size_t i = 0; i < length; ++i) {
        const double angle = 2.0 * M_PI * static_cast<double>(i * k % length) / double(length);
        re += x[i] * std::cos(angle);
        im -= x[i] * std::sin(angle);
      }
      EXPECT_NEAR(power[k], re * re + im * im, 1e-9 * double(length)) << length << " bin " << k;
    }
  }
}

}  // namespace
}  // namespace rowmill
