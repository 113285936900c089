#include "decode/previous_text.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {
namespace {

constexpr float kDoubtfulTemperature = 0.5f;

}  // namespace

size_t PreviousText::MaxTokens(const TranscribeSpec& spec) {
  if (spec.previous_text == TranscribeSpec::PreviousText::kShow) return MaxText(spec) + 1;
  return spec.prompt.empty() ? 0 : spec.prompt.size() + 1;
}

std::vector<int32_t> PreviousText::Tokens() const {
  CHECK(spec_.prompt.size() <= MaxText(spec_));
  if (spec_.prompt.empty() && written_.empty()) return {};
  std::vector<int32_t> tokens = {spec_.tokens.previous};
  tokens.insert(tokens.end(), spec_.prompt.begin(), spec_.prompt.end());
  const size_t count = std::min(written_.size(), MaxText(spec_) - spec_.prompt.size());
  tokens.insert(tokens.end(), written_.end() - static_cast<std::ptrdiff_t>(count), written_.end());
  return tokens;
}

void PreviousText::Add(const TranscribedWindow& window, const std::vector<int32_t>& said) {
  if (spec_.previous_text == TranscribeSpec::PreviousText::kForget) return;
  if (spec_.temperatures.at(window.attempt) > kDoubtfulTemperature) {
    written_.clear();
    return;
  }
  written_.insert(written_.end(), said.begin(), said.end());
  const size_t over = written_.size() - std::min(written_.size(), MaxText(spec_));
  written_.erase(written_.begin(), written_.begin() + static_cast<std::ptrdiff_t>(over));
}

}  // namespace rowmill
