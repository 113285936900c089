// The character classes that pre-tokenisers split by: \p{L}, \p{N}, \s and everything else.
//
// What it is not: no normalisation, no case mapping, no grapheme or word breaking.
// Categories come from utf8proc (Unicode 15.0), plus the one block of letters that Unicode 15.1
// added (CJK Extension I): the tokenisers that models were published with use tables of 15.1. White
// space is the White_Space property, which neither has changed since Unicode 6.3.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rowmill {

enum class CharClass : uint8_t {
  kOther = 0,  // punctuation, symbols, marks, controls, unassigned
  kLetter,     // general category L*
  kNumber,     // general category N*
  kSpace,      // White_Space
};

// Two stages: a block of 256 code points, then the code point within it. 4,352 blocks share about a
// hundred distinct ones, so the table stays within the first-level and second-level caches.
class CharClassTable {
 public:
  // The one table, built on first use (about 5 ms); const afterwards.
  static const CharClassTable& Get();

  CharClass ClassOf(uint32_t code_point) const {  // at most U+10FFFF
    return classes_[block_[code_point >> 8]][code_point & 0xFF];
  }
  CharClass AsciiClassOf(uint8_t byte) const { return classes_[0][byte]; }  // below 0x80

 private:
  using Block = std::array<CharClass, 256>;
  CharClassTable();

  std::vector<uint16_t> block_;  // [4352]
  std::vector<Block> classes_;   // the distinct blocks; block 0 is code points 0 to 255
};

}  // namespace rowmill
