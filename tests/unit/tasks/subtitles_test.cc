#include "tasks/subtitles.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowmill {
namespace {

const std::vector<SpokenSegment> kSegments = {{0.0, 1.5, "Hello there."},
                                              {3661.25, 3662.999, "a < b & c\nd"}};

TEST(SubtitlesTest, WritesSubRip) {
  EXPECT_EQ(ToSubtitles(kSegments, SubtitleFormat::kSrt),
            "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n"
            "2\n01:01:01,250 --> 01:01:02,999\na < b & c d\n\n");
  EXPECT_EQ(ToSubtitles({}, SubtitleFormat::kSrt), "");
}

TEST(SubtitlesTest, WritesWebVtt) {
  EXPECT_EQ(ToSubtitles(kSegments, SubtitleFormat::kVtt),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n"
            "01:01:01.250 --> 01:01:02.999\na &lt; b &amp; c d\n\n");
  EXPECT_EQ(ToSubtitles({}, SubtitleFormat::kVtt), "WEBVTT\n\n");
}

}  // namespace
}  // namespace rowmill
