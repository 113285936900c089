// Python's string methods over text with origins: every byte of a result keeps the origin of the
// byte that it was made from. Positions and counts are in characters, as in Python.
//
// All throw JinjaFailure where the budget is spent or the result would be longer than
// kMaxJinjaText.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "text/jinja_text.h"
#include "text/jinja_value.h"

namespace rowmill {

// The longest text that a template can make, in bytes; the limit of a rendered prompt.
inline constexpr size_t kMaxJinjaText = size_t{4} << 20;

// Throws JinjaFailure where `size` is more than kMaxJinjaText.
void CheckJinjaTextSize(uint64_t size);

enum class JinjaSide : uint8_t { kBoth, kLeft, kRight };
// Without `characters`, white space; else any of its characters.
JinjaText StripText(const JinjaText& text, const JinjaText* characters, JinjaSide side,
                    JinjaBudget& budget);

// Without `separator`, at runs of white space. A negative `max_splits` is no limit.
std::vector<JinjaValue> SplitText(const JinjaText& text, const JinjaText* separator,
                                  int64_t max_splits, JinjaBudget& budget);

// A negative `max_count` is no limit. An empty `old_text` is found before each character and at the
// end.
struct JinjaReplacement {
  const JinjaText& old_text;
  const JinjaText& new_text;
  int64_t max_count = -1;
};
JinjaText ReplaceText(const JinjaText& text, const JinjaReplacement& replacement,
                      JinjaBudget& budget);

enum class JinjaCase : uint8_t { kUpper, kLower, kTitle, kCapitalized };
JinjaText ChangeCase(const JinjaText& text, JinjaCase letter_case, JinjaBudget& budget);

JinjaText RepeatText(const JinjaText& text, int64_t count, JinjaBudget& budget);

// `start:stop:step` of Python, each of which can be missing.
struct JinjaSlice {
  std::optional<int64_t> start;
  std::optional<int64_t> stop;
  std::optional<int64_t> step;

  // The indices that the slice picks of `length` elements, in order.
  std::vector<size_t> Indices(int64_t length, JinjaBudget& budget) const;
};
JinjaText SliceText(const JinjaText& text, const JinjaSlice& slice, JinjaBudget& budget);

// The character at `index`, which counts from the end where it is negative; undefined where there
// is none.
JinjaValue CharacterAt(const JinjaText& text, int64_t index, JinjaBudget& budget);

// The position of `part` in characters, -1 where it is not found.
int64_t FindFirst(const JinjaText& text, const JinjaText& part, JinjaBudget& budget);
int64_t FindLast(const JinjaText& text, const JinjaText& part, JinjaBudget& budget);

}  // namespace rowmill
