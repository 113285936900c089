#include "decode/speech_segments.h"

#include <algorithm>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr uint32_t kFramesPerTimestamp = 2;
// The next window begins so far on at least: a model that sets its last timestamp at the beginning
// over and over would otherwise take forever.
constexpr uint32_t kLeastAdvance = 100;
// Of what comes before a window's tokens in DecodeResult::answers.
constexpr size_t kHeader = 4;
constexpr size_t kNumbers = 2;

}  // namespace

WindowSegments SplitWindow(const TranscribedWindow& window, const SpeechTokens& tokens) {
  const int32_t first = tokens.first_timestamp;
  const std::vector<int32_t>& all = window.tokens;
  const auto frames_at = [&](size_t index) {
    return std::min(static_cast<uint32_t>(all[index] - first) * kFramesPerTimestamp,
                    window.num_frames);
  };
  const auto is_timestamp = [&](size_t index) { return all[index] >= first; };

  WindowSegments out;
  out.advance = window.num_frames;
  const auto add = [&](size_t begin, size_t end, uint32_t from, uint32_t to) {
    SpeechSegment segment;
    segment.begin_frame = window.begin_frame + from;
    segment.end_frame = window.begin_frame + std::max(from, to);
    for (size_t i = begin; i < end; ++i) {
      if (all[i] < tokens.end) segment.tokens.push_back(all[i]);
    }
    if (segment.tokens.empty()) return;
    if (from < to) {
      out.said.insert(out.said.end(), all.begin() + static_cast<std::ptrdiff_t>(begin),
                      all.begin() + static_cast<std::ptrdiff_t>(end));
    }
    out.segments.push_back(std::move(segment));
  };

  // Where one segment's end and the next one's beginning stand side by side.
  std::vector<size_t> cuts;
  for (size_t i = 1; i < all.size(); ++i) {
    if (is_timestamp(i) && is_timestamp(i - 1)) cuts.push_back(i);
  }
  // A single timestamp at the end says that nothing is spoken behind it.
  const bool ends_in_one =
      all.size() >= 2 && is_timestamp(all.size() - 1) && !is_timestamp(all.size() - 2);
  if (cuts.empty()) {
    uint32_t from = 0;
    uint32_t to = window.num_frames;
    if (!all.empty() && is_timestamp(0)) from = frames_at(0);
    for (size_t i = all.size(); i-- > 1;) {
      if (!is_timestamp(i)) continue;
      if (all[i] != first) to = frames_at(i);
      break;
    }
    add(0, all.size(), from, to);
  } else {
    if (ends_in_one) cuts.push_back(all.size());
    size_t begin = 0;
    for (const size_t cut : cuts) {
      const uint32_t from = is_timestamp(begin) ? frames_at(begin) : 0;
      add(begin, cut, from, is_timestamp(cut - 1) ? frames_at(cut - 1) : window.num_frames);
      begin = cut;
    }
    if (!ends_in_one) {
      const uint32_t advance = frames_at(begin - 1);
      // What follows the last pair is said again in the next window.
      out.advance = advance < kLeastAdvance ? window.num_frames : advance;
    }
  }
  out.advance = std::max<uint32_t>(out.advance, 1);
  return out;
}

void AppendWindow(const TranscribedWindow& window, DecodeResult& result) {
  std::vector<int32_t> answer = {static_cast<int32_t>(window.begin_frame),
                                 static_cast<int32_t>(window.num_frames), window.language,
                                 static_cast<int32_t>(window.attempt)};
  answer.insert(answer.end(), window.tokens.begin(), window.tokens.end());
  result.answers.push_back(std::move(answer));
  result.label_log_probs.push_back(window.log_probability);
  result.label_log_probs.push_back(window.no_speech);
}

std::vector<TranscribedWindow> WindowsOf(const DecodeResult& result) {
  const auto fail = [] {
    throw DataError("a row's result holds no transcript. Start the job anew with --force-new.");
  };
  if (result.label_log_probs.size() != result.answers.size() * kNumbers) fail();
  std::vector<TranscribedWindow> windows;
  for (size_t i = 0; i < result.answers.size(); ++i) {
    const std::vector<int32_t>& answer = result.answers[i];
    if (answer.size() < kHeader || answer[0] < 0 || answer[1] < 0 || answer[3] < 0) fail();
    windows.push_back({static_cast<uint32_t>(answer[0]),
                       static_cast<uint32_t>(answer[1]),
                       answer[2],
                       static_cast<uint32_t>(answer[3]),
                       result.label_log_probs[i * kNumbers],
                       result.label_log_probs[i * kNumbers + 1],
                       {answer.begin() + kHeader, answer.end()}});
  }
  return windows;
}

}  // namespace rowmill
