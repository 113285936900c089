#include "tasks/named_columns.h"

#include "text/prompt_template.h"

namespace rowmill {
namespace {

// Where --text is a placeholder of a template, as in the prompt encoder.
constexpr const char* kTextPlaceholder = "text";

void AddPlaceholders(const std::string& source, const std::string& option,
                     const PromptOptions& options, std::vector<NamedColumn>& columns) {
  const PromptTemplate parsed = PromptTemplate::Parse(source, option);
  for (const std::string& name : parsed.columns()) {
    const bool is_renamed = name == kTextPlaceholder && !options.text_column.empty();
    columns.push_back(is_renamed ? NamedColumn{options.text_column, "--text"}
                                 : NamedColumn{name, option});
  }
}

}  // namespace

std::vector<NamedColumn> NamedColumns(const PromptOptions& options,
                                      const std::string& default_text) {
  std::vector<NamedColumn> columns;
  if (!options.text_column.empty()) {
    columns.push_back({options.text_column, "--text"});
  } else if (!options.prompt && !default_text.empty()) {
    columns.push_back({default_text, "--text"});
  }
  if (options.prompt) AddPlaceholders(*options.prompt, options.prompt_name, options, columns);
  if (options.system) AddPlaceholders(*options.system, "--system", options, columns);
  return columns;
}

}  // namespace rowmill
