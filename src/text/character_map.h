// The table by which SentencePiece normalises text before a Unigram model sees it
// (`precompiled_charsmap`): a run of bytes becomes another text, the longest run that the table
// knows first; what it does not know stays.
//
// What it is not: it knows no Unicode. NFKC, lower case and the like were written into the table
// when the model was trained, so the model's own version of them is what counts.
//
// Format (sentencepiece, src/normalizer.cc): u32 size of the trie in bytes, the trie, then the
// replacements, each ended by a NUL byte. The trie is a double array of u32 units as written by
// Darts-clone: bits 0-7 label, 8 has a value, 10-30 offset of the children (shifted by 8 where bit
// 9 is set); a value unit has bit 31 set and the place of the replacement in the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

class CharacterMap {
 public:
  // Knows nothing: every text stays as it is.
  CharacterMap() = default;
  // Throws ModelError, which begins with `source`, where the table is cut or not made of UTF-8.
  static CharacterMap Parse(const std::string& source, std::string_view bytes);

  bool empty() const { return units_.empty(); }

  struct Replacement {
    std::string_view text;  // valid UTF-8, of the map or of the argument
    size_t consumed = 0;    // bytes of the argument that it stands for, at least 1
  };
  // What becomes of the beginning of `text`: valid UTF-8, not empty.
  Replacement First(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace rowmill
