// Values as text: Python's str() and repr(), and json.dumps as chat templates call it. Text keeps
// its origins; brackets, quotes, numbers and escapes of the printer's own are template text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "text/jinja_text.h"
#include "text/jinja_value.h"

namespace rowmill {

// repr(float): the shortest digits that read back as the same number, with an exponent below 1e-4
// and from 1e16 on.
std::string FormatJinjaFloat(double value);

// str(): what `{{ value }}` prints. Functions, namespaces and the loop cannot be printed.
JinjaText ToText(const JinjaValue& value, JinjaBudget& budget);

struct JinjaJsonOptions {
  std::optional<int64_t> indent;  // spaces; without it all is on one line
  bool ensure_ascii = false;
  bool sort_keys = false;
  // Without them ", " and ": "; with an indent, "," and ": ".
  std::optional<std::string> item_separator;
  std::optional<std::string> key_separator;
};
// json.dumps. Transformers' own `tojson`, which is what templates are written for: no HTML escapes,
// and non-ASCII characters as they are.
JinjaText ToJson(const JinjaValue& value, const JinjaJsonOptions& options, JinjaBudget& budget);

}  // namespace rowmill
