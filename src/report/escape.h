// Text of strangers inside of a page: rows, labels, column names, paths.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// For element content and quoted attributes: & < > " ' become references, control characters
// U+FFFD, ill-formed bytes too. The mark-up that the text may hold is shown, never read.
std::string HtmlText(std::string_view text);

// At most `max_characters` characters, "…" at the end where some are left out.
std::string Shortened(std::string_view text, size_t max_characters);

// For JSON within a <script> element: "</" and "<!--" cannot occur.
std::string ScriptSafeJson(std::string_view json);

}  // namespace rowmill
