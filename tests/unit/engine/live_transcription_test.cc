// A tiny random model (tests/data/whisper) on made-up sound: where utterances are cut, and that
// this does not depend on how the samples come in.
#include "engine/live_transcription.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/cpu.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

// Sound from 1.0 to 1.3 seconds and from 2.5 to 3.7, which is longer than the model's windows of
// 0.4.
std::vector<float> Sound() {
  std::vector<float> samples(16000 * 5, 0.0f);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / 16000.0;
    if ((t >= 1.0 && t < 1.3) || (t >= 2.5 && t < 3.7)) {
      samples[i] = static_cast<float>(0.3 * std::sin(900.0 * t * (1.0 + t)));
    }
  }
  return samples;
}

std::vector<TranscribedWindow> Transcribe(const std::string& isa, size_t chunk) {
  const ModelFile file = ModelFile::Open(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/whisper");
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), isa);
  ThreadTeam team(1);
  const auto model = LoadWhisper(file, {&kernels, Numerics::kAuto}, team);
  TranscribeSpec spec;
  spec.tokens = {257, 256, 261, 260, 264, 265, 266, {258, 259}};
  spec.max_tokens = 20;
  spec.temperatures = {0.0f};
  LiveTranscription live(*model, spec, kernels, team);
  std::vector<TranscribedWindow> windows;
  const auto keep = [&](const TranscribedWindow& window) { windows.push_back(window); };
  const std::vector<float> sound = Sound();
  for (size_t begin = 0; begin < sound.size(); begin += chunk) {
    live.Feed(std::span(sound).subspan(begin, std::min(chunk, sound.size() - begin)), keep);
  }
  live.Finish(keep);
  return windows;
}

TEST(LiveTranscriptionTest, CutsAtPausesAndWhereWindowsAreFull) {
  const std::vector<TranscribedWindow> windows = Transcribe("auto", 1600);
  ASSERT_GE(windows.size(), 3u);
  // The first utterance is within one window or two; its sound is in the first.
  EXPECT_LE(windows.front().begin_frame, 100u);
  EXPECT_GE(windows.front().begin_frame + windows.front().num_frames, 100u);
  for (size_t i = 1; i < windows.size(); ++i) {
    EXPECT_GE(windows[i].begin_frame, windows[i - 1].begin_frame + 1);
    EXPECT_LE(windows[i].num_frames, 40u);
  }
  EXPECT_GE(windows.back().begin_frame + windows.back().num_frames, 360u);
}

TEST(LiveTranscriptionTest, TheSameHoweverTheSamplesComeIn) {
  const std::vector<TranscribedWindow> expected = Transcribe("auto", 1600);
  const std::vector<std::pair<std::string, size_t>> ways = {
      {"auto", 777}, {"auto", 80000}, {"scalar", 1600}};
  for (const auto& [isa, chunk] : ways) {
    const std::vector<TranscribedWindow> windows = Transcribe(isa, chunk);
    ASSERT_EQ(windows.size(), expected.size()) << isa << " " << chunk;
    for (size_t i = 0; i < windows.size(); ++i) {
      EXPECT_EQ(windows[i].begin_frame, expected[i].begin_frame);
      EXPECT_EQ(windows[i].tokens, expected[i].tokens);
      EXPECT_EQ(windows[i].log_probability, expected[i].log_probability);
    }
  }
}

}  // namespace
}  // namespace rowmill
