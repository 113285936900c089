// The text clean-up of BERT's tokenisers: drops control characters, sets CJK ideographs and
// punctuation apart, strips accents, lower-cases. What comes out is words with single spaces
// between them, ready for WordPiece.
//
// What it is not: Unicode normalisation for its own sake. The tables are those of the reference
// implementation (Hugging Face tokenizers), which knows the punctuation and marks of Unicode 8 and
// spells one of the CJK ranges wrongly; models were trained on that, so it is what is computed.
//
// Canonical order among marks that are kept (some dozen of musical and tone marks) is left as it
// stands in the text, so that time stays linear in any text.
//
// Paper: Devlin et al., arXiv:1810.04805; specification: google-research/bert tokenization.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowmill {

struct BertNormalizerOptions {
  enum class Accents : uint8_t { kKeep, kStrip };
  enum class Case : uint8_t { kKeep, kLower };
  enum class Controls : uint8_t { kKeep, kDrop };        // clean_text
  enum class Ideographs : uint8_t { kKeep, kSetApart };  // handle_chinese_chars
  Accents accents = Accents::kStrip;
  Case letter_case = Case::kLower;
  Controls controls = Controls::kDrop;
  Ideographs ideographs = Ideographs::kSetApart;
};

class BertNormalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options);

  // Appends the words of `text` (valid UTF-8), each followed by one space; nothing else is a space.
  void AppendWords(std::string_view text, std::string& out) const;

 private:
  void AppendOther(uint32_t code_point, size_t begin, std::string& out) const;

  BertNormalizerOptions options_;
  char ascii_[128];        // what each stands for; 0: dropped, ' ': ends a word
  bool ascii_alone_[128];  // a word of its own
};

// Classes of the reference implementation, for the tests.
bool IsBertControl(uint32_t code_point);
bool IsBertPunctuation(uint32_t code_point);
bool IsBertIdeograph(uint32_t code_point);

}  // namespace rowmill
