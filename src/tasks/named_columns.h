// The columns of the input that a person's prompt names, known before there is a model.
//
// What it is not: the columns of a task's own prompt (PromptRows::CheckColumns).
#pragma once

#include <string>
#include <vector>

#include "tasks/prompt_options.h"

namespace rowmill {

struct NamedColumn {
  std::string name;
  std::string option;  // that names it
};

// Of --text, --prompt and --system. `default_text`: what --text is where neither it nor a prompt is
// given; empty: nothing. Throws UsageError where a template cannot be read.
std::vector<NamedColumn> NamedColumns(const PromptOptions& options,
                                      const std::string& default_text);

}  // namespace rowmill
