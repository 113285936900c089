// One run as one page: --report FILE.html. Self-contained (styles and charts are inside, no script,
// no address of anything), light and dark, from a telephone's width on. Every text of the run is
// escaped.
//
// All figures are those of OUTPUT.run.json. Rows come apart from it, since run.json quotes none:
// only a page that somebody asked for does, and what --redact found is not in it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/reported_row.h"
#include "report/run_json.h"

namespace rowmill {

// `run` as ParseRunJson gave it.
std::string HtmlReport(const Json& run, std::span<const ReportedRow> rows);

// Several runs side by side; `names` says what each is called, the first is what the others are
// compared with.
std::string HtmlComparison(std::span<const Json> runs, std::span<const std::string> names);
// The same as plain text for a terminal.
std::string TextComparison(std::span<const Json> runs, std::span<const std::string> names);

// The figures of the charts with a specification that draws them (vega.github.io/vega-lite, v5),
// for those who plot themselves.
std::string VegaLite(const Json& run);

}  // namespace rowmill
