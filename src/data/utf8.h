// UTF-8 as RFC 3629 defines it, and its repair: what is not UTF-8 becomes U+FFFD, one for each
// maximal ill-formed part (Unicode 15, section 3.9, the practice that browsers follow), and so does
// NUL, which C interfaces downstream would take for an end. (text/utf8.h serves the tokenisers,
// which lie in a room that this one cannot see, and has no rule for NUL.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rowmill {

inline constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";  // U+FFFD

// How many leading bytes of `text` are whole characters of valid UTF-8 other than NUL.
size_t CleanUtf8Prefix(std::string_view text);

inline bool IsCleanUtf8(std::string_view text) { return CleanUtf8Prefix(text) == text.size(); }

// Appends `text` with every ill-formed part and every NUL replaced. Returns the number replaced.
size_t AppendRepairedUtf8(std::string_view text, std::string& out);

// Repairs in place and says whether there was anything to repair.
bool RepairUtf8(std::string& text);

void AppendCharacter(char32_t character, std::string& out);

// The character at `position` of valid UTF-8, which moves on behind it. The text must be valid.
char32_t NextCharacter(std::string_view text, size_t& position);

// Characters (code points) of valid UTF-8.
size_t CountCharacters(std::string_view text);

}  // namespace rowmill
