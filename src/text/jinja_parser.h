// A chat template's source to its tree. Whatever the subset lacks (imports, inheritance, call
// blocks, unknown filters, attributes of Python objects, ...) is a ModelError here, with line and
// column, so that a model whose template cannot be honoured is refused when it is loaded.
#pragma once

#include <string_view>

#include "text/jinja_ast.h"

namespace rowmill {

// `name` is what error texts call the template. Throws ModelError.
JinjaProgram ParseJinja(std::string_view source, std::string_view name);

// The function of that name which every template has, or kMethod where there is none.
JinjaFunction::Kind FindJinjaGlobal(std::string_view name);

}  // namespace rowmill
