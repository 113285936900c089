// The operator's own templates: --prompt, --prompt-file and --system, constant text with
// `{{column}}` where a value of the row goes in. Parsed once per run, rendered once per row.
//
// What it is not: Jinja. There are no expressions, filters or blocks here; chat templates, which
// come with a model, are text/chat_template.h.
//
// Syntax:
//   {{name}}    the row's value of column `name`; white space around the name is dropped, the name
//   may
//               hold any character but `}`
//   {{{{  }}}}  a literal `{{` and a literal `}}`
//   { } }}      anything else is literal, so JSON can be written as it is; in `{{{name}}}` the
//   outer
//               braces are literal
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_span.h"

namespace rowmill {

class PromptTemplate {
 public:
  // Throws UsageError, with line and column, where a `{{` is never closed or names nothing.
  // `option` is what error texts call the template: "--prompt", "--system", the name of a file.
  static PromptTemplate Parse(std::string_view source, std::string_view option);

  // The columns that are used, each once, in the order of their first use.
  const std::vector<std::string>& columns() const { return columns_; }

  // Throws UsageError with a suggestion and the list of columns where one that is used is not among
  // `available`.
  void CheckColumns(std::span<const std::string> available) const;

  // `values[i]` is the row's value of columns()[i]. Constant text comes out with the origin
  // kPrompt, values with the origin kRow; neighbours of one origin are joined.
  std::vector<PromptSpan> Render(std::span<const std::string_view> values) const;

 private:
  static constexpr size_t kConstant = static_cast<size_t>(-1);
  struct Part {
    std::string text;           // where it is constant
    size_t column = kConstant;  // index in columns_
    size_t offset = 0;          // of the `{{` in the source
  };

  void AddColumn(std::string_view name, size_t offset);

  std::string option_;
  std::string source_;
  std::vector<Part> parts_;
  std::vector<std::string> columns_;
};

}  // namespace rowmill
