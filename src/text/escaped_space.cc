#include "text/escaped_space.h"

#include <algorithm>
#include <cstdint>

namespace rowmill {

std::string UnescapeSpaces(std::string_view text) {
  std::string out;
  for (;;) {
    const size_t found = text.find(kEscapedSpace);
    out.append(text.substr(0, found));
    if (found == std::string_view::npos) return out;
    out.push_back(' ');
    text.remove_prefix(found + kEscapedSpace.size());
  }
}

size_t FirstUnjoinedSpace(std::string_view text, const std::array<bool, 256>& joins_next_space) {
  size_t space = text.find(' ', 1);
  while (space != std::string_view::npos &&
         joins_next_space[static_cast<uint8_t>(text[space - 1])]) {
    space = text.find(' ', space + 1);
  }
  return std::min(space, text.size());
}

}  // namespace rowmill
