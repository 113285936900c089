#include "prep/redact/custom_pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr int64_t kMaxMemory = int64_t{8} << 20;

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && IsAsciiUpper(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAsciiUpper(c) || IsAsciiDigit(c) || c == '_'; });
}

bool IsEntity(std::string_view name) {
  for (size_t i = 0; i < kNumEntities; ++i) {
    if (EntityName(static_cast<Entity>(i)) == name) return true;
  }
  return false;
}

}  // namespace

CustomPattern::CustomPattern(std::string name, std::string expression)
    : name_(std::move(name)), expression_(std::move(expression)) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  regex_ = std::make_unique<re2::RE2>(expression_, options);
  if (!regex_->ok()) {
    throw UsageError("--redact-pattern " + name_ + ": " + regex_->error() +
                     "; the syntax is that of RE2, without look-around and back-references");
  }
}

CustomPattern::CustomPattern(CustomPattern&&) noexcept = default;
CustomPattern::~CustomPattern() = default;

CustomPattern CustomPattern::Parse(std::string_view argument) {
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  if (equals == std::string_view::npos || equals + 1 == argument.size() || !IsName(name)) {
    throw UsageError(
        "--redact-pattern takes NAME=REGEX with a name in capitals, such as "
        "'CUSTOMER_ID=C-[0-9]{6}'");
  }
  if (IsEntity(name)) {
    throw UsageError("--redact-pattern: " + std::string(name) +
                     " is the name of a detector; give the pattern another one");
  }
  return {std::string(name), std::string(argument.substr(equals + 1))};
}

void CustomPattern::Find(std::string_view text, uint32_t kind, SpanList& found) const {
  size_t at = 0;
  while (at < text.size()) {
    const size_t limit = std::min(text.size(), at + 2 * kLongestMatch);
    re2::StringPiece match;
    const re2::StringPiece whole(text.data(), text.size());
    const bool matches = regex_->Match(whole, at, limit, re2::RE2::UNANCHORED, &match, 1);
    const size_t begin = matches ? static_cast<size_t>(match.data() - text.data()) : limit;
    // What begins in the second half of the window may go on behind it, and is looked at anew.
    if (begin >= at + kLongestMatch && limit < text.size()) {
      at += kLongestMatch;
    } else if (!matches) {
      return;
    } else {
      if (!match.empty()) found.spans().push_back({begin, begin + match.size(), kind, true});
      at = begin + std::max<size_t>(match.size(), 1);
    }
    // Not in the middle of a character.
    while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) ++at;
  }
}

}  // namespace rowmill
