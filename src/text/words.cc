#include "text/words.h"

#include "text/unicode.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// Blocks of Unicode 15: Hiragana and Katakana; CJK Extension A and the unified ideographs; the
// compatibility ideographs; planes 2 and 3, which hold the other extensions.
bool StandsAlone(uint32_t c) {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

}  // namespace

std::vector<WordSpan> FindWords(std::string_view text) {
  const CharClassTable& classes = CharClassTable::Get();
  std::vector<WordSpan> words;
  bool within = false;  // the last word may go on
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const size_t end = at + c.num_bytes;
    const bool alone = StandsAlone(c.code_point);
    if (classes.ClassOf(c.code_point) == CharClass::kSpace) {
      within = false;
    } else if (within && !alone) {
      words.back().end = end;
    } else {
      words.push_back({at, end});
      within = true;
    }
    at = end;
  }
  return words;
}

}  // namespace rowmill
