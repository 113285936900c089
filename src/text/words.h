// The words of a text, as a reader would mark them: runs of characters between white space,
// punctuation with the word it stands at. Where a script writes no spaces (Han, Hiragana, Katakana)
// each character is a word of its own.
//
// What it is not: a tokeniser, or Unicode's word breaking (UAX 29), which needs dictionaries for
// the same scripts.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace rowmill {

// Bytes [begin, end) of the text.
struct WordSpan {
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const WordSpan&) const = default;
};

// `text` is valid UTF-8. The words in order; none where all is white space.
std::vector<WordSpan> FindWords(std::string_view text);

}  // namespace rowmill
