// The escapes of Python's string literals, which are those of a template's strings: \n \t \\ \'
// \xhh
// \uhhhh \Uhhhhhhhh \ooo and so on; an unknown escape stays as it is written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/jinja_source.h"

namespace rowmill {

// `literal` is what stands between the quotes, `offset` its place in `source`. Throws ModelError
// where an escape is cut short, names a character (\N{...}) or is no character.
std::string ResolveJinjaEscapes(std::string_view literal, size_t offset, const JinjaSource& source);

}  // namespace rowmill
