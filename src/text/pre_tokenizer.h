// Pre-tokenisers: cut a text into pieces that byte-level BPE then encodes one by one. A model is
// trained with one cut and gives other ids under another, so an unknown name is refused, never
// guessed.
//
// What it is not: no regular expressions run here. Each published pattern is written out as a
// hand-made scanner over character classes (text/unicode.h): linear in the text, no backtracking,
// no stack. The patterns themselves, run by PCRE2, are the oracle of the tests.
//
//   gpt-2      's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   smollm     first \p{N} alone, then the gpt-2 pattern on what lies between; a look-ahead sees
//   the
//              end of such a fragment as the end of the text
//   llama-bpe  '(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|
//              \p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//   qwen2      the same with \p{N} in place of \p{N}{1,3}
//
// The contractions of the last two are published as (?i:...); the reference engine folds ASCII
// only, so that 's written with U+017F is not one, and its ids are the ones models see in practice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/unicode.h"

namespace rowmill {

enum class SplitPattern : uint8_t { kGpt2, kSmolLm, kLlama3, kQwen2 };

struct PreTokenizer {
  SplitPattern pattern = SplitPattern::kGpt2;
  // A piece that is a token as a whole is emitted as such without looking at the merges.
  bool ignore_merges = false;
  // Whether the model wants the begin-of-text token where the file does not say.
  bool adds_bos_by_default = false;
};

// The pre-tokeniser of a `tokenizer.ggml.pre` name, or nullopt where it is not known.
std::optional<PreTokenizer> FindPreTokenizer(std::string_view name);
// The known names, comma separated, for error texts.
std::string KnownPreTokenizers();

// Finds pieces from left to right. Thread-safe; holds nothing but its tables.
class PieceSplitter {
 public:
  explicit PieceSplitter(SplitPattern pattern)
      : pattern_(pattern), classes_(CharClassTable::Get()) {}

  // The size in bytes of the first piece of `text`, which is valid UTF-8 and not empty. The pieces
  // of a text are found by calling this again on what follows; each is a function of what follows
  // its start alone. All calls together read each byte at most three times (a run of white space
  // up to its last line break, then to its end, then its last character with the word after it).
  size_t FirstPiece(std::string_view text) const;

 private:
  SplitPattern pattern_;
  const CharClassTable& classes_;
};

}  // namespace rowmill
