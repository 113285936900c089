#include "prep/redact/folded_text.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// The zeros of the scripts whose decimal digits stand ten in a row.
constexpr std::array<uint32_t, 21> kZeros = {
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0x1946, 0x19D0, 0xFF10};

bool IsInvisible(uint32_t c) {
  return c == 0x00AD || (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) ||
         c == 0xFEFF || c == 0x180E || (c >= 0x202A && c <= 0x202E);
}

bool IsDash(uint32_t c) {
  return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFE58 || c == 0xFE63 || c == 0xFF0D;
}

bool IsCombiningMark(uint32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
         (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF);
}

char Fold(uint32_t c) {
  if (IsDash(c)) return '-';
  if (c >= 0xFF01 && c <= 0xFF5E) return static_cast<char>(c - 0xFF01 + '!');
  for (const uint32_t zero : kZeros) {
    if (c >= zero && c < zero + 10) return static_cast<char>('0' + (c - zero));
  }
  const CharClass kind = CharClassTable::Get().ClassOf(c);
  if (kind == CharClass::kSpace) return ' ';
  if (kind == CharClass::kLetter || kind == CharClass::kNumber || IsCombiningMark(c)) {
    return FoldedText::kLetter;
  }
  return FoldedText::kOther;
}

}  // namespace

FoldedText::FoldedText(std::string_view text) : source_(text), view_(text) {
  const bool is_ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (is_ascii) return;
  CHECK(text.size() < UINT32_MAX);
  folded_.reserve(text.size());
  offsets_.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(i));
    if (!IsInvisible(c.code_point)) {
      folded_.push_back(c.code_point < 0x80 ? static_cast<char>(c.code_point) : Fold(c.code_point));
      offsets_.push_back(static_cast<uint32_t>(i));
    }
    i += c.num_bytes;
  }
  view_ = folded_;
}

size_t FoldedText::SourceBegin(size_t position) const {
  return offsets_.empty() ? position : offsets_[position];
}

size_t FoldedText::SourceEnd(size_t end) const {
  DCHECK(end > 0);
  if (offsets_.empty()) return end;
  const size_t last = offsets_[end - 1];
  return last + DecodeUtf8(source_.substr(last)).num_bytes;
}

}  // namespace rowmill
