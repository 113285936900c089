#include "tasks/subtitles.h"

namespace rowmill {
namespace {

void AppendPadded(uint64_t number, size_t digits, std::string& out) {
  const std::string text = std::to_string(number);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out += text;
}

// 00:01:02,345 or 00:01:02.345
void AppendTime(double seconds, char separator, std::string& out) {
  const auto milliseconds = static_cast<uint64_t>(seconds * 1000.0 + 0.5);
  AppendPadded(milliseconds / 3600000, 2, out);
  out += ':';
  AppendPadded(milliseconds / 60000 % 60, 2, out);
  out += ':';
  AppendPadded(milliseconds / 1000 % 60, 2, out);
  out += separator;
  AppendPadded(milliseconds % 1000, 3, out);
}

// In WebVTT < begins a tag and & an entity; in SubRip nothing does.
void AppendText(const std::string& text, SubtitleFormat format, std::string& out) {
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (format == SubtitleFormat::kVtt && c == '&') {
      out += "&amp;";
    } else if (format == SubtitleFormat::kVtt && c == '<') {
      out += "&lt;";
    } else if (format == SubtitleFormat::kVtt && c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string ToSubtitles(std::span<const SpokenSegment> segments, SubtitleFormat format) {
  const char separator = format == SubtitleFormat::kSrt ? ',' : '.';
  std::string out = format == SubtitleFormat::kSrt ? "" : "WEBVTT\n\n";
  uint64_t number = 0;
  for (const SpokenSegment& segment : segments) {
    if (format == SubtitleFormat::kSrt) out += std::to_string(++number) + "\n";
    AppendTime(segment.start, separator, out);
    out += " --> ";
    AppendTime(segment.end, separator, out);
    out += '\n';
    AppendText(segment.text, format, out);
    out += "\n\n";
  }
  return out;
}

}  // namespace rowmill
