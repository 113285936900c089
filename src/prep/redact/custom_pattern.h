// Patterns that the user brings along (--redact-pattern NAME=REGEX), by RE2: no backtracking, so
// that no text makes one slow, and nothing is compiled into more than a fixed memory.
//
// A match is seen whole up to kLongestMatch bytes; that is what keeps the search of a whole text
// linear, whatever the pattern.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "prep/redact/span.h"

namespace re2 {
class RE2;
}

namespace rowmill {

class CustomPattern {
 public:
  static constexpr size_t kLongestMatch = 4096;

  // "NAME=REGEX"; the name is of capitals, digits and '_', and of no entity. Throws UsageError,
  // with RE2's reason where it does not take the pattern.
  static CustomPattern Parse(std::string_view argument);
  CustomPattern(CustomPattern&&) noexcept;
  ~CustomPattern();

  const std::string& name() const { return name_; }
  const std::string& expression() const { return expression_; }
  // Appends the matches in `text` (valid UTF-8), which are bytes of the text itself, not of its
  // folded form. Thread-safe.
  void Find(std::string_view text, uint32_t kind, SpanList& found) const;

 private:
  CustomPattern(std::string name, std::string expression);
  std::string name_;
  std::string expression_;
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace rowmill
