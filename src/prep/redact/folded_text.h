// The text as detectors read it: one byte for each character, so that look-alikes and characters
// that nobody sees hide nothing.
//
//   full-width ASCII, digits of other scripts   the ASCII character
//   no-break and other spaces                   ' '
//   hyphens and dashes of Unicode               '-'
//   soft hyphen, zero-width characters          nothing at all
//   other letters and marks                     kLetter (0x80)
//   everything else that is not ASCII           kOther (0x81)
//
// Text that is all ASCII is read as it stands, without a copy. What it is not: normalisation for
// the model (prep/preprocessor.h); the model reads the text itself, less what was found.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

class FoldedText {
 public:
  static constexpr char kLetter = static_cast<char>(0x80);
  static constexpr char kOther = static_cast<char>(0x81);

  // `text` is valid UTF-8 and outlives the object.
  explicit FoldedText(std::string_view text);
  FoldedText(const FoldedText&) = delete;
  FoldedText& operator=(const FoldedText&) = delete;

  std::string_view view() const { return view_; }
  // Bytes [SourceBegin(b), SourceEnd(e)) of the text are what became view()[b, e), e > b.
  size_t SourceBegin(size_t position) const;
  size_t SourceEnd(size_t end) const;

 private:
  std::string_view source_;
  std::string_view view_;
  std::string folded_;             // empty where the text is ASCII
  std::vector<uint32_t> offsets_;  // [folded_]: where the character begins in the text
};

// The classes of view()'s bytes. A word character is a letter of any script, a digit or '_'.
constexpr bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAsciiUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsAsciiLetter(char c) { return IsAsciiUpper(c) || (c >= 'a' && c <= 'z'); }
constexpr bool IsAlnum(char c) { return IsAsciiDigit(c) || IsAsciiLetter(c); }
constexpr bool IsWordCharacter(char c) {
  return IsAlnum(c) || c == '_' || c == FoldedText::kLetter;
}
constexpr char ToAsciiUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr char ToAsciiLower(char c) { return IsAsciiUpper(c) ? static_cast<char>(c + 32) : c; }
constexpr bool IsHexDigit(char c) {
  return IsAsciiDigit(c) || (ToAsciiLower(c) >= 'a' && ToAsciiLower(c) <= 'f');
}

constexpr bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsAsciiDigit);
}

// Whether a word could begin (end) at `position`: no word character stands before (behind) it.
constexpr bool AtWordBegin(std::string_view text, size_t position) {
  return position == 0 || !IsWordCharacter(text[position - 1]);
}
constexpr bool AtWordEnd(std::string_view text, size_t end) {
  return end >= text.size() || !IsWordCharacter(text[end]);
}

}  // namespace rowmill
