// Explanations (tasks/explain.h) as a page to look at: each row's text with its words coloured by
// what they contribute, in one file of HTML that needs nothing else, in light and dark.
//
// What it is not: a writer of files; it makes text. All that comes from rows is escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tasks/explain.h"

namespace rowmill {

struct ExplainedRow {
  uint64_t row = 0;
  std::string_view label = {};  // empty where there is no answer
  double probability = 0.0;
  std::string_view error = {};  // why not
};

// Everything in front of the first row.
void AppendPageBegin(std::string_view title, std::string& html);
// The colours are relative to the word of the row that contributes most.
void AppendPageRow(const ExplainedRow& row, const Explanation& explanation, std::string& html);
// `num_shown` of `num_rows` rows are on the page.
void AppendPageEnd(uint64_t num_shown, uint64_t num_rows, std::string& html);

}  // namespace rowmill
