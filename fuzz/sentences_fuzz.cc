// Fuzzes what parts a text for translation and for its scores: sentences are views into the text,
// in order, without white space around them and without overlap; words of 13a are never empty.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "metrics/translation_scores.h"
#include "text/sentence_splitter.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = rowmill::MakeValidUtf8({reinterpret_cast<const char*>(data), size}).text;
  const char* at = text.data();
  for (const rowmill::SplitLine& line : rowmill::SplitSentences(text)) {
    for (const std::string_view sentence : line.sentences) {
      if (sentence.empty() || sentence.data() < at) std::abort();
      at = sentence.data() + sentence.size();
      if (at > text.data() + text.size()) std::abort();
      if (sentence.data() < line.text.data() || at > line.text.data() + line.text.size()) {
        std::abort();
      }
    }
  }
  for (const std::string& word : rowmill::TokenizeFor13a(text)) {
    if (word.empty()) std::abort();
  }
  rowmill::TranslationScores scores;
  scores.Add(text, text);
  if (!(scores.ChrF() >= 0.0 && scores.ChrF() <= 100.000001)) std::abort();
  return 0;
}
