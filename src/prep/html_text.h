// The text of an HTML fragment, as far as it matters to a reader: tags go, their text stays, what
// separates blocks becomes a line end, scripts, styles and comments go whole, character references
// become characters.
//
// What it is not: a parser of documents. A '<' that does not begin a known tag is text ("a < b",
// "<3", "<John>"), so text that was never HTML is left alone. Linear in the text: a tag longer than
// 1,024 bytes is none.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// Appends the text of `html`, valid UTF-8, to `out`.
void AppendHtmlText(std::string_view html, std::string& out);

}  // namespace rowmill
