// Cuts a text into the lines and sentences that a translation model reads one at a time.
//
// A line break always parts. Within a line a sentence ends at . ! ? or an ellipsis with the closing
// marks behind it, where white space follows and what comes then can begin a sentence: a capital,
// a digit, an opening mark, a character of a script without capitals. A full stop behind an
// initial, a number at the beginning of a line or a known abbreviation ends nothing. The full-width
// marks of Chinese and Japanese end a sentence whatever follows.
//
// What it is not: no paragraph or clause detection, and no model. Where in doubt it does not cut: a
// model reads two sentences better than half of one.
#pragma once

#include <string_view>
#include <vector>

namespace rowmill {

// A line of the text, cut into sentences. Both without white space around them; blank lines have no
// sentences.
struct SplitLine {
  std::string_view text;
  std::vector<std::string_view> sentences;
};

// `text` is valid UTF-8. The parts are views into it. As many lines as line breaks (\n, \r\n, \r)
// and one more.
std::vector<SplitLine> SplitSentences(std::string_view text);

}  // namespace rowmill
