// Numbers in English words as digits, as Whisper's evaluation does it before it counts word errors:
// "twenty one thousand dollars" becomes "$21000", "the fifth" "the 5th", "one oh one" "101".
//
// Equal to EnglishNumberNormalizer of openai/whisper, whisper/normalizers/english.py, which says
// what each rule is; but digits are those of ASCII alone.
#pragma once

#include <string>

namespace rowmill {

// `text`: lower case, symbols removed but for . % $ ¢ € £; valid UTF-8.
std::string NormalizeEnglishNumbers(const std::string& text);

}  // namespace rowmill
