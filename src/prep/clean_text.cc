#include "prep/clean_text.h"

#include <cstdint>

#include "data/utf8.h"

namespace rowmill {
namespace {

bool IsControl(char32_t c) {
  if (c < 0x20) return c != '\t' && c != '\n' && c != '\r';
  if (c < 0x7F) return false;
  if (c < 0xA0) return c != 0x85;  // NEL is white space.
  if (c >= 0x202A && c <= 0x202E) return true;
  if (c >= 0x2066 && c <= 0x2069) return true;
  if (c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB)) return true;
  return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

// The White_Space property; unchanged since Unicode 6.3.
bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

void AppendWithoutControls(std::string_view text, std::string& out) {
  size_t position = 0;
  while (position < text.size()) {
    const size_t begin = position;
    if (!IsControl(NextCharacter(text, position))) out.append(text, begin, position - begin);
  }
}

void AppendCollapsedSpace(std::string_view text, std::string& out) {
  size_t position = 0;
  bool any = false;
  bool pending = false;
  while (position < text.size()) {
    const size_t begin = position;
    if (IsSpace(NextCharacter(text, position))) {
      pending = any;
      continue;
    }
    if (pending) out.push_back(' ');
    out.append(text, begin, position - begin);
    any = true;
    pending = false;
  }
}

bool IsBlankText(std::string_view text) {
  size_t position = 0;
  while (position < text.size()) {
    if (!IsSpace(NextCharacter(text, position))) return false;
  }
  return true;
}

}  // namespace rowmill
