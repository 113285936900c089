// Characters as Python's str sees them: what the chat templates' string operations need of Unicode.
// Templates are written against Python, whose strings are sequences of code points.
//
// What it is not: the tokenisers' Unicode classes (text/unicode.h) or a normaliser. Where text is
// not valid UTF-8 a byte that belongs to no character counts as one character and is copied as it
// is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rowmill {

struct JinjaCharacter {
  char32_t code = 0;  // a byte of invalid UTF-8 b is 0xDC00 + b, which is no character
  size_t length = 1;  // bytes
};

// The character at `position` < text.size().
JinjaCharacter DecodeJinjaCharacter(std::string_view text, size_t position);

// The number of characters.
size_t CountJinjaCharacters(std::string_view text);

// The byte offset of character number `index`; text.size() where there are not that many.
size_t JinjaCharacterOffset(std::string_view text, size_t index);

// The offset of the character that ends at `end` > 0.
size_t PreviousJinjaCharacter(std::string_view text, size_t end);

void AppendJinjaCharacter(std::string& out, char32_t code);

bool IsJinjaSpace(char32_t code);      // str.isspace
bool IsJinjaCased(char32_t code);      // upper, lower or title case letters
bool IsJinjaPrintable(char32_t code);  // str.isprintable

// Upper case is Unicode's full mapping (ß to SS); title case is the simple one, one character to
// one.
void AppendUpper(std::string& out, char32_t code);
void AppendTitle(std::string& out, char32_t code);
// The lower case of the character at `position`; the context decides about a capital sigma, which
// is another letter at the end of a word.
void AppendLower(std::string& out, std::string_view text, size_t position);

}  // namespace rowmill
