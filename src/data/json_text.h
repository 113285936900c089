// JSON strings (RFC 8259, section 7) and numbers as text, both ways.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// Decodes what lies between the quotes of a string that the scanner (json_scanner.h) accepted.
// Escapes that stand for no character (lone surrogates, NUL) give U+FFFD.
void AppendJsonUnescaped(std::string_view escaped, std::string& out);

// Appends `text` as a JSON string with its quotes: only what must be escaped is, all else stays
// UTF-8. What is not UTF-8, and NUL, becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

// Appends the shortest decimal text that reads back as the same value; `null` where the value is
// not finite, which JSON cannot say.
void AppendJsonNumber(double value, std::string& out);
void AppendJsonNumber(float value, std::string& out);

}  // namespace rowmill
