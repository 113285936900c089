// Segments of speech as subtitles: SubRip (.srt) and WebVTT (.vtt).
//
// Specifications: WebVTT, W3C; SubRip has none, this is what players read.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace rowmill {

struct SpokenSegment {
  double start = 0.0;  // seconds
  double end = 0.0;
  std::string text;  // one line
};

enum class SubtitleFormat : uint8_t { kSrt, kVtt };

std::string ToSubtitles(std::span<const SpokenSegment> segments, SubtitleFormat format);

}  // namespace rowmill
