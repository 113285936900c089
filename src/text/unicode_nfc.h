// Unicode Normalization Form C (UAX #15) by the tables of utf8proc.
//
// Not by utf8proc_map: that orders combining marks by exchanging neighbours, which takes quadratic
// time on a long run of marks, and a run is as long as the author of a row likes.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// Appends the NFC of valid UTF-8. Takes n log n time in the longest run of combining marks.
void AppendNfc(std::string_view text, std::string& out);

}  // namespace rowmill
