#include "tasks/stop_strings.h"

#include <algorithm>

#include "base/error.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr DecodeOptions kAnswer = {.control = DecodeOptions::Control::kSkip,
                                   .leading_space = DecodeOptions::LeadingSpace::kKeep};

}  // namespace

void ValidateStopStrings(std::span<const std::string> stops) {
  if (stops.size() > kMaxStopStrings) {
    throw UsageError("--stop is given " + std::to_string(stops.size()) + " times; at most " +
                     std::to_string(kMaxStopStrings) + " are looked for.");
  }
  for (const std::string& stop : stops) {
    if (stop.empty()) throw UsageError("--stop: the text is empty; leave the option out.");
    if (stop.size() > kMaxStopBytes) {
      throw UsageError("--stop: a text of " + std::to_string(stop.size()) + " bytes; at most " +
                       std::to_string(kMaxStopBytes) + " are allowed.");
    }
    if (ValidUtf8Prefix(stop) != stop.size()) {
      throw UsageError("--stop: the text is not valid UTF-8.");
    }
  }
}

void AppendAnswerBytes(const Tokenizer& tokenizer, std::span<const int32_t> answer,
                       std::string& out) {
  tokenizer.AppendBytes(answer, kAnswer, out);
}

size_t FindStop(std::string_view text, std::span<const std::string> stops) {
  size_t earliest = text.size();
  for (const std::string& stop : stops) {
    // Only what begins before the earliest so far is of interest.
    const size_t reach = std::min(text.size(), earliest + stop.size());
    earliest = std::min(earliest, text.substr(0, reach).find(stop));
  }
  return earliest;
}

StopStringRule::StopStringRule(const Tokenizer& tokenizer, std::vector<std::string> stops)
    : tokenizer_(tokenizer), stops_(std::move(stops)) {
  ValidateStopStrings(stops_);
  for (const std::string& stop : stops_) longest_ = std::max(longest_, stop.size());
}

bool StopStringRule::ShouldStop(std::span<const int32_t> generated) const {
  if (generated.empty() || stops_.empty()) return false;
  // A string that the last token completes begins at most longest_ - 1 bytes before that token.
  std::string tail;
  AppendAnswerBytes(tokenizer_, generated.last(1), tail);
  if (tail.empty()) return false;
  std::string before;
  std::vector<std::string> parts;
  size_t bytes = 0;
  for (size_t i = generated.size() - 1; i > 0 && bytes + 1 < longest_; --i) {
    std::string& part = parts.emplace_back();
    AppendAnswerBytes(tokenizer_, generated.subspan(i - 1, 1), part);
    bytes += part.size();
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) before += *part;
  before += tail;
  return FindStop(before, stops_) < before.size();
}

}  // namespace rowmill
