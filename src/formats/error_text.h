// Puts names out of hostile files into error messages: the result is always printable ASCII of a
// bounded length, whatever bytes the file holds.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

// `text` in single quotes; bytes that are not printable ASCII as \xNN; cut after 80 bytes.
std::string Quoted(std::string_view text);

}  // namespace rowmill
