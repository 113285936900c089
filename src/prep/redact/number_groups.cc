#include "prep/redact/number_groups.h"

#include <algorithm>

#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr std::string_view kTies = "-./_:\\@#+=&";

}  // namespace

NumberGroups::NumberGroups(std::string_view text, size_t position, std::string_view separators) {
  size_t at = position;
  size_t compact_size = 0;
  char separator = 0;
  while (num_groups_ < kMaxGroups) {
    size_t end = at;
    while (end < text.size() && IsAlnum(text[end]) && compact_size + (end - at) < kMaxCharacters) {
      compact_[compact_size + (end - at)] = ToAsciiUpper(text[end]);
      ++end;
    }
    // A group that the limit cuts in two is none.
    if (end == at || (end < text.size() && IsAlnum(text[end]))) return;
    compact_size += end - at;
    groups_[num_groups_++] = {at, end, compact_size, separator};
    if (end + 1 >= text.size() || separators.find(text[end]) == std::string_view::npos) return;
    separator = text[end];
    at = end + 1;
  }
}

size_t NumberGroups::GroupsOf(size_t size) const {
  for (size_t i = 0; i < num_groups_; ++i) {
    if (groups_[i].compact_end == size) return i + 1;
  }
  return 0;
}

bool NumberGroups::OneSeparator(size_t count) const {
  for (size_t i = 2; i < count; ++i) {
    if (groups_[i].separator != groups_[1].separator) return false;
  }
  return true;
}

bool NumberGroups::IsDigits(size_t i) const {
  const size_t begin = i == 0 ? 0 : groups_[i - 1].compact_end;
  return std::all_of(compact_.begin() + static_cast<ptrdiff_t>(begin),
                     compact_.begin() + static_cast<ptrdiff_t>(groups_[i].compact_end),
                     IsAsciiDigit);
}

bool NumberMayBegin(std::string_view text, size_t position) {
  if (!AtWordBegin(text, position)) return false;
  if (position == 0) return true;
  const char before = text[position - 1];
  if (before == '$') return false;
  if (before == ':' || before == '=' || before == '#' || before == '+') return true;
  if (kTies.find(before) == std::string_view::npos && before != ',') return true;
  return position == 1 || !IsWordCharacter(text[position - 2]);
}

bool NumberMayEnd(std::string_view text, size_t end) {
  if (!AtWordEnd(text, end)) return false;
  if (end + 1 >= text.size()) return true;
  const char behind = text[end];
  if (behind == '%') return false;
  if (kTies.find(behind) == std::string_view::npos && behind != ',') return true;
  // "555-0100.Then" is careless writing; "12.5" and "12,500" are other numbers.
  if (behind == '.' || behind == ',' || behind == ':') return !IsAsciiDigit(text[end + 1]);
  return !IsWordCharacter(text[end + 1]);
}

}  // namespace rowmill
