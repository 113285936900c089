// Word error rate: the fewest words that have to be changed, left out or put in to make the answer
// of what was said, divided by the words of what was said, over a whole data set.
//
// Equal to jiwer's `wer` on lists of texts; with TextForm::kNormalized both texts go through what
// Whisper's own evaluation calls its basic normaliser first.
// References: jiwer 4; openai/whisper, whisper/normalizers/basic.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowmill {

// Lower case; what stands in brackets [], <> or parentheses left out; marks, symbols and
// punctuation become spaces; one space between words. `text` is valid UTF-8.
std::string NormalizeTranscript(std::string_view text);

// The same to begin with, and no more than the case and the brackets.
std::string LowerWithoutBrackets(std::string_view text);

class WordErrors {
 public:
  // kEnglish: as metrics/english_text.h says.
  enum class TextForm : uint8_t { kAsIs, kNormalized, kEnglish };

  explicit WordErrors(TextForm form) : form_(form) {}
  // Counts only: the order of rows does not matter, and memory does not grow with them.
  void Add(std::string_view answer, std::string_view gold);

  // 0 where all is right; above 1 where the answers are much longer. 0 without words.
  double Rate() const;
  uint64_t errors() const { return errors_; }
  uint64_t words() const { return words_; }

 private:
  TextForm form_;
  uint64_t errors_ = 0;
  uint64_t words_ = 0;
};

}  // namespace rowmill
