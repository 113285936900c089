// How SentencePiece vocabularies write a space, U+2581, and where their text falls apart into
// pieces. Shared by the tokenisers of that kind.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace rowmill {

inline constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";  // U+2581

// `text` with U+2581 as a space: shorter keys than the other way round.
std::string UnescapeSpaces(std::string_view text);

// Position of the first space, after the beginning, that no token has after the byte before it, or
// the size of `text`. `joins_next_space[b]`: some token has byte b followed by a space.
size_t FirstUnjoinedSpace(std::string_view text, const std::array<bool, 256>& joins_next_space);

}  // namespace rowmill
