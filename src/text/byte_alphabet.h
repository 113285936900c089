// The byte alphabet of byte-level BPE (GPT-2): each of the 256 bytes is written as one printable
// character, so that vocabularies are text. Bytes 33-126, 161-172 and 174-255 stand for themselves;
// the other 68 are U+0100, U+0101, ... in ascending order.
// Source: bytes_to_unicode in openai/gpt-2 src/encoder.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowmill {

// The character that stands for `byte`: below U+0144.
uint32_t ByteToAlphabet(uint8_t byte);

// The bytes that `text` stands for, or nullopt where it is not written in the alphabet. `text` is
// valid UTF-8.
std::optional<std::string> AlphabetToBytes(std::string_view text);

// `bytes` written in the alphabet.
std::string BytesToAlphabet(std::string_view bytes);

}  // namespace rowmill
