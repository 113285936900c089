#include "data/utf8.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace rowmill {
namespace {

uint8_t At(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// One character or one ill-formed part.
struct Unit {
  size_t size;
  bool valid;
};

// Table 3-7 of the Unicode standard: the second byte has a range of its own behind E0, ED, F0 and
// F4 (that keeps out overlong forms, surrogates and what lies above U+10FFFF), all later bytes are
// 80..BF. An ill-formed part is as long as it could still have become a character.
Unit ReadUnit(std::string_view text, size_t i) {
  const uint8_t lead = At(text, i);
  if (lead < 0x80) return {1, lead != 0};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (i + 1 >= text.size() || At(text, i + 1) < low || At(text, i + 1) > high) return {1, false};
  for (size_t k = 2; k < size; ++k) {
    if (i + k >= text.size() || (At(text, i + k) & 0xC0) != 0x80) return {k, false};
  }
  return {size, true};
}

}  // namespace

size_t CleanUtf8Prefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  constexpr uint64_t kOnes = 0x0101010101010101;
  size_t i = 0;
  while (i < text.size()) {
    // Eight bytes of ASCII other than NUL: for bytes below 0x80 the high bit of b - 1 is set by NUL
    // alone (a borrow into the next byte starts at a NUL too, so it cannot hide one).
    uint64_t word = 0;
    while (i + sizeof(word) <= text.size()) {
      std::memcpy(&word, text.data() + i, sizeof(word));
      if (((word | (word - kOnes)) & kHighBits) != 0) break;
      i += sizeof(word);
    }
    if (i == text.size()) break;
    const Unit unit = ReadUnit(text, i);
    if (!unit.valid) return i;
    i += unit.size;
  }
  return i;
}

size_t AppendRepairedUtf8(std::string_view text, std::string& out) {
  size_t replaced = 0;
  while (!text.empty()) {
    const size_t valid = CleanUtf8Prefix(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    out.append(kReplacementText);
    text.remove_prefix(ReadUnit(text, 0).size);
    ++replaced;
  }
  return replaced;
}

bool RepairUtf8(std::string& text) {
  const size_t valid = CleanUtf8Prefix(text);
  if (valid == text.size()) return false;
  std::string repaired(text, 0, valid);
  AppendRepairedUtf8(std::string_view(text).substr(valid), repaired);
  text = std::move(repaired);
  return true;
}

void AppendCharacter(char32_t character, std::string& out) {
  const auto code = static_cast<uint32_t>(character);
  CHECK(code <= 0x10FFFF);
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

char32_t NextCharacter(std::string_view text, size_t& position) {
  const uint8_t lead = At(text, position);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  DCHECK(position + size <= text.size());
  uint32_t code = size == 1 ? lead : lead & (0xFFu >> (size + 1));
  for (size_t k = 1; k < size; ++k) code = (code << 6) | (At(text, position + k) & 0x3F);
  position += size;
  return code;
}

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace rowmill
