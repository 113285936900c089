#include "decode/speech_rules.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "decode/sampler.h"

namespace rowmill {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A window's first words begin within a second: 50 timestamps of 20 ms.
constexpr size_t kLastFirstTimestamp = 50;

// A piece of up to so many tokens, so many times: text that people speak has no such thing ("very
// very very very" is four).
constexpr size_t kLongestPiece = 24;
constexpr size_t kTimes = 8;

void Forbid(std::span<float> logits, size_t begin, size_t end) {
  for (size_t i = begin; i < std::min(end, logits.size()); ++i) logits[i] = kNever;
}

}  // namespace

void SpeechRules::Apply(std::span<const int32_t> written, std::span<float> logits) const {
  const SpeechTokens& tokens = spec_.tokens;
  const auto first_timestamp = static_cast<size_t>(tokens.first_timestamp);
  CHECK(first_timestamp <= logits.size());
  const auto forbid_all = [&](std::span<const int32_t> list) {
    for (const int32_t token : list) {
      if (static_cast<size_t>(token) < logits.size()) logits[static_cast<size_t>(token)] = kNever;
    }
  };
  forbid_all(spec_.suppressed);
  if (written.empty()) forbid_all(spec_.suppressed_first);
  Forbid(logits, static_cast<size_t>(tokens.end) + 1, first_timestamp);
  if (spec_.timestamps == TranscribeSpec::Timestamps::kSegments) {
    ApplyTimestamps(written, logits);
  } else {
    Forbid(logits, first_timestamp, logits.size());
  }
}

void SpeechRules::ApplyTimestamps(std::span<const int32_t> written, std::span<float> logits) const {
  const int32_t first = spec_.tokens.first_timestamp;
  const auto first_timestamp = static_cast<size_t>(first);
  const auto end = static_cast<size_t>(spec_.tokens.end);
  if (written.empty()) {
    Forbid(logits, 0, first_timestamp);
    Forbid(logits, first_timestamp + kLastFirstTimestamp + 1, logits.size());
    return;
  }
  const bool is_behind_one = written.back() >= first;
  const bool is_behind_two = written.size() < 2 || written[written.size() - 2] >= first;
  if (is_behind_one && is_behind_two) {
    Forbid(logits, first_timestamp, logits.size());
  } else if (is_behind_one) {
    Forbid(logits, 0, end);
  }
  const auto last =
      std::find_if(written.rbegin(), written.rend(), [&](int32_t token) { return token >= first; });
  if (last != written.rend()) {
    // The second of a pair may be the first again; a segment that was begun does not end at once.
    const size_t least = static_cast<size_t>(*last) + (is_behind_one && !is_behind_two ? 0 : 1);
    Forbid(logits, first_timestamp, least);
  }
  // Both sides are short of the same normaliser.
  const std::span<const float> timestamps = logits.subspan(first_timestamp);
  const float best_text = kernels_.max_value(logits.data(), first_timestamp);
  if (!timestamps.empty() && LogSumExp(timestamps, kernels_) > static_cast<double>(best_text)) {
    Forbid(logits, 0, first_timestamp);
  }
}

bool EndsInLoop(std::span<const int32_t> written) {
  for (size_t piece = 1; piece <= kLongestPiece && piece * kTimes <= written.size(); ++piece) {
    const std::span<const int32_t> end = written.last(piece * kTimes);
    if (std::equal(end.begin() + static_cast<std::ptrdiff_t>(piece), end.end(), end.begin())) {
      return true;
    }
  }
  return false;
}

}  // namespace rowmill
