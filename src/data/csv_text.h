// One field of a CSV file as text, both ways (RFC 4180, section 2, rules 5 to 7).
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// Decodes a well-formed quoted field: takes the outer quotes off and halves the inner ones.
void AppendCsvUnquoted(std::string_view quoted, std::string& out);

// Appends `text` as a field, in quotes only where it holds the delimiter, a quote or a line end.
void AppendCsvField(std::string_view text, char delimiter, std::string& out);

}  // namespace rowmill
