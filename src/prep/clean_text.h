// Small cleanings of valid UTF-8 text, each one linear and doing one thing.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// Takes out control characters: C0 except tab, LF and CR, DEL, C1, the byte order mark, the marks
// that reorder text (U+202A to U+202E, U+2066 to U+2069), interlinear annotation marks (U+FFF9 to
// U+FFFB) and noncharacters. Joiners and directional marks stay: emoji, Persian and Hebrew need
// them.
void AppendWithoutControls(std::string_view text, std::string& out);

// One space for each run of white space (the White_Space property of Unicode, line ends included),
// none at the beginning and the end.
void AppendCollapsedSpace(std::string_view text, std::string& out);

// Whether there is nothing but white space.
bool IsBlankText(std::string_view text);

}  // namespace rowmill
