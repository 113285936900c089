// JSON to the values of a template, all of its text from a row; and a template run in one call.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_interpreter.h"
#include "text/jinja_parser.h"
#include "text/jinja_value.h"

namespace rowmill::testing {

inline JinjaValue FromJson(const nlohmann::ordered_json& json) {
  if (json.is_null()) return JinjaNone();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) {
    return JinjaValue::Text(json.get_ref<const std::string&>(), PromptSpan::Origin::kRow);
  }
  if (json.is_array()) {
    std::vector<JinjaValue> items;
    for (const auto& item : json) items.push_back(FromJson(item));
    return JinjaValue::List(std::move(items));
  }
  std::vector<std::pair<JinjaValue, JinjaValue>> items;
  for (const auto& [key, value] : json.items()) {
    items.emplace_back(JinjaValue::Text(key, PromptSpan::Origin::kRow), FromJson(value));
  }
  JinjaBudget budget(1'000'000);
  return JinjaValue::Dict(std::move(items), budget);
}

// Throws ModelError where the template is broken or fails.
inline JinjaText RunJinja(std::string_view source, const nlohmann::ordered_json& variables = {},
                          const JinjaLimits& limits = {}) {
  const JinjaProgram program = ParseJinja(source, "template");
  JinjaVariables values;
  for (const auto& [name, value] : variables.items()) values.emplace_back(name, FromJson(value));
  return JinjaInterpreter(program, JinjaDate(), limits).Run(values);
}

}  // namespace rowmill::testing
