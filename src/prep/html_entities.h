// Character references of HTML: the 252 names of HTML 4.01 (section 24) and `apos`, and numbers.
// The two thousand names that HTML 5 added are rare in text that people write.
#pragma once

#include <optional>
#include <string_view>

namespace rowmill {

// The character for what stands between '&' and ';' ("amp", "#39", "#x1F600"), or nothing where it
// is no reference. Numbers that stand for no character give U+FFFD.
std::optional<char32_t> EntityCharacter(std::string_view name);

}  // namespace rowmill
