#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>

namespace rowmill {
namespace {

constexpr uint32_t kNumCodePoints = 0x110000;

// PropList.txt, White_Space.
bool IsWhiteSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

CharClass Classify(uint32_t c) {
  if (IsWhiteSpace(c)) return CharClass::kSpace;
  if (c >= 0x2EBF0 && c <= 0x2EE5D) return CharClass::kLetter;  // CJK Extension I, Unicode 15.1
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    default:
      return CharClass::kOther;
  }
}

}  // namespace

const CharClassTable& CharClassTable::Get() {
  static const CharClassTable table;
  return table;
}

CharClassTable::CharClassTable() {
  block_.reserve(kNumCodePoints / 256);
  for (uint32_t first = 0; first < kNumCodePoints; first += 256) {
    Block block;
    for (uint32_t i = 0; i < 256; ++i) block[i] = Classify(first + i);
    const auto found = std::find(classes_.begin(), classes_.end(), block);
    block_.push_back(static_cast<uint16_t>(found - classes_.begin()));
    if (found == classes_.end()) classes_.push_back(block);
  }
}

}  // namespace rowmill
