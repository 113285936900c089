// Byte tokens of SentencePiece vocabularies: "<0x0A>" stands for the byte 10.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rowmill {

// The byte that `text` names, or nullopt where it is not of the form <0xHH>, in capitals.
std::optional<uint8_t> ParseByteToken(std::string_view text);

// That byte as a string of one byte, which lives as long as the process; empty where it is none.
std::string_view ByteTokenBytes(std::string_view text);

}  // namespace rowmill
