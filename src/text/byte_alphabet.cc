#include "text/byte_alphabet.h"

#include <array>

#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr uint32_t kAlphabetEnd = 0x100 + 68;

constexpr bool StandsForItself(uint32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

struct Alphabet {
  std::array<uint32_t, 256> character{};
  std::array<int16_t, kAlphabetEnd> byte{};  // -1 where the character is not in the alphabet
};

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet;
  alphabet.byte.fill(-1);
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const uint32_t character = StandsForItself(byte) ? byte : next++;
    alphabet.character[byte] = character;
    alphabet.byte[character] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();

}  // namespace

uint32_t ByteToAlphabet(uint8_t byte) { return kAlphabet.character[byte]; }

std::optional<std::string> AlphabetToBytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const DecodedChar decoded = DecodeUtf8(text);
    if (decoded.code_point >= kAlphabetEnd || kAlphabet.byte[decoded.code_point] < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(kAlphabet.byte[decoded.code_point]));
    text.remove_prefix(decoded.num_bytes);
  }
  return bytes;
}

std::string BytesToAlphabet(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) AppendUtf8(ByteToAlphabet(static_cast<uint8_t>(byte)), text);
  return text;
}

}  // namespace rowmill
