// Cuts a chat template into tokens, with Jinja's rules for white space around tags as Transformers
// sets them: trim_blocks (the line break after a block tag goes) and lstrip_blocks (spaces before a
// block tag that begins a line go), `-` and `+` in a tag overriding both.
//
// What it is not: line statements and other delimiters, which chat templates do not use.
// Specification: Jinja 3.1, "Template Designer Documentation", White Space Control.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/jinja_source.h"

namespace rowmill {

struct JinjaToken {
  enum class Kind : uint8_t {
    kData,           // text outside tags
    kVariableBegin,  // {{
    kVariableEnd,    // }}
    kBlockBegin,     // {%
    kBlockEnd,       // %}
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd,  // of the template; always the last token
  };

  Kind kind = Kind::kEnd;
  uint32_t offset = 0;
  std::string text;  // data, name, operator, or the string with its escapes resolved
  int64_t integer = 0;
  double real = 0;
};

// Throws ModelError with line and column where the template cannot be cut into tokens.
std::vector<JinjaToken> TokenizeJinja(const JinjaSource& source);

}  // namespace rowmill
