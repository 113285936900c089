// UTF-8: decoding, repair of ill-formed bytes, and reassembly of characters that arrive in parts.
//
// Ill-formed bytes become U+FFFD, one per maximal ill-formed subpart: the longest run of bytes that
// could still have become a character, or else one byte. That is what the WHATWG decoder and
// Python's errors="replace" do, so a row gives the same tokens here as there.
//
// What it is not: it knows no character properties (text/unicode.h) and does not normalise.
// Specification: The Unicode Standard 15.0, section 3.9, table 3-7 and "U+FFFD Substitution".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowmill {

inline constexpr uint32_t kReplacementCharacter = 0xFFFD;

enum class Utf8Status : uint8_t {
  kValid,
  kIllFormed,   // `num_bytes` bytes are a maximal ill-formed subpart
  kIncomplete,  // the same, but the input ended where the next byte could have continued it
};

struct DecodedChar {
  uint32_t code_point = kReplacementCharacter;  // U+FFFD unless kValid
  uint32_t num_bytes = 0;                       // 1 to 4
  Utf8Status status = Utf8Status::kIllFormed;
};

// Decodes what stands at the start of `bytes`, which is not empty.
DecodedChar DecodeUtf8(std::string_view bytes);

// Appends one character. `code_point` is a Unicode scalar value.
void AppendUtf8(uint32_t code_point, std::string& out);

// Number of bytes at the start of `bytes` that are valid UTF-8; bytes.size() if all are.
size_t ValidUtf8Prefix(std::string_view bytes);

// Appends `bytes` with each maximal ill-formed subpart replaced by U+FFFD; returns how many were.
size_t AppendValidUtf8(std::string_view bytes, std::string& out);

struct ValidUtf8 {
  std::string text;
  size_t num_replacements = 0;
};
ValidUtf8 MakeValidUtf8(std::string_view bytes);

// Turns bytes that arrive in arbitrary parts, such as the bytes of generated tokens, into valid
// UTF-8: a sequence that the next part may complete is held back, at most three bytes. The
// concatenation of all output equals MakeValidUtf8 of the concatenation of all input.
class Utf8Assembler {
 public:
  void Append(std::string_view bytes, std::string& out);
  // The end of the input: what is held back becomes U+FFFD. Ready for another text afterwards.
  void Finish(std::string& out);

  size_t num_held_back() const { return num_held_; }

 private:
  char held_[4] = {};
  size_t num_held_ = 0;
};

}  // namespace rowmill
