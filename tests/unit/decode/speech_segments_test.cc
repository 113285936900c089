#include "decode/speech_segments.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr int32_t kFirst = 100;

SpeechTokens Tokens() {
  SpeechTokens tokens;
  tokens.end = 50;
  tokens.first_timestamp = kFirst;
  return tokens;
}

int32_t At(double seconds) { return kFirst + static_cast<int32_t>(seconds * 50 + 0.5); }

struct Expected {
  uint32_t begin, end;
  std::vector<int32_t> tokens;
};

void Check(const std::vector<int32_t>& written, const std::vector<Expected>& expected,
           uint32_t advance, uint32_t num_frames = 3000) {
  const TranscribedWindow window = {500, num_frames, -1, 0, -0.1, 0.0, written};
  const WindowSegments split = SplitWindow(window, Tokens());
  EXPECT_EQ(split.advance, advance);
  ASSERT_EQ(split.segments.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(split.segments[i].begin_frame, 500 + expected[i].begin);
    EXPECT_EQ(split.segments[i].end_frame, 500 + expected[i].end);
    EXPECT_EQ(split.segments[i].tokens, expected[i].tokens);
  }
}

TEST(SpeechSegmentsTest, WithoutTimestampsAWindowIsOneSegment) {
  Check({}, {}, 3000);
  Check({1, 2}, {{0, 3000, {1, 2}}}, 3000);
  Check({1, 2}, {{0, 700, {1, 2}}}, 700, 700);
}

TEST(SpeechSegmentsTest, OnePairOfTimestampsIsOneSegment) {
  Check({At(0.4), 1, 2, At(3.0)}, {{40, 300, {1, 2}}}, 3000);
  // Not beyond the end of the clip.
  Check({At(0), 1, At(9.0)}, {{0, 420, {1}}}, 420, 420);
}

TEST(SpeechSegmentsTest, TheNextWindowBeginsWhereTheLastPairStands) {
  Check({At(0), 1, At(2), At(2), 2, 3, At(8), At(8), 4}, {{0, 200, {1}}, {200, 800, {2, 3}}}, 800);
  // A single timestamp at the end: nothing more is said in this window.
  Check({At(0), 1, At(2), At(2.5), 2, At(8)}, {{0, 200, {1}}, {250, 800, {2}}}, 3000);
}

TEST(SpeechSegmentsTest, WhatTheNextWindowIsShownIsWhatLasts) {
  const auto said = [](const std::vector<int32_t>& written) {
    return SplitWindow({500, 3000, -1, 0, -0.1, 0.0, written}, Tokens()).said;
  };
  EXPECT_EQ(said({1, 2}), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(said({At(0.4), 1, At(3)}), (std::vector<int32_t>{At(0.4), 1, At(3)}));
  // The 4 is said again in the next window; a segment without words or without length is none.
  EXPECT_EQ(said({At(0), 1, At(2), At(2), 2, At(2), At(2), At(3), At(3), 3, At(8), At(8), 4}),
            (std::vector<int32_t>{At(0), 1, At(2), At(3), 3, At(8)}));
}

TEST(SpeechSegmentsTest, ItAlwaysGoesOn) {
  Check({At(0), At(0), 1}, {}, 3000);
  Check({At(0), 1, At(0.5), At(0.5), 2}, {{0, 50, {1}}}, 3000);
}

TEST(SpeechSegmentsTest, WindowsGoThroughAResult) {
  DecodeResult result;
  AppendWindow({0, 3000, 7, 1, -0.5, 0.25, {1, 2}}, result);
  AppendWindow({2800, 10, 7, 0, -0.75, 0.5, {}}, result);
  const std::vector<TranscribedWindow> windows = WindowsOf(result);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(windows[0].attempt, 1u);
  EXPECT_EQ(windows[1].begin_frame, 2800u);
  EXPECT_EQ(windows[1].num_frames, 10u);
  EXPECT_EQ(windows[1].language, 7);
  EXPECT_EQ(windows[1].no_speech, 0.5);
  result.label_log_probs.pop_back();
  EXPECT_THROW(WindowsOf(result), DataError);
  result.label_log_probs.push_back(0.0);
  result.answers[1] = {1, 2, 3};
  EXPECT_THROW(WindowsOf(result), DataError);
}

}  // namespace
}  // namespace rowmill
