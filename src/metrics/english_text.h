// English as Whisper's evaluation compares it: contractions written out, titles too, hesitations
// left out, numbers as digits (metrics/english_numbers.h), British spellings as American ones,
// no symbols but those of numbers, no diacritics.
//
// Equal to EnglishTextNormalizer of openai/whisper, whisper/normalizers/english.py, but for the
// spellings: of its 1,739 pairs ours, which are beginnings of words, cover 279 of the commonest,
// and some forms that it has not ("civilisation"). Other British spellings stay what they are, in
// answer and reference alike. And white space at both ends goes.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// `text` is valid UTF-8.
std::string NormalizeEnglish(std::string_view text);

}  // namespace rowmill
