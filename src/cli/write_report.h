// Writes the page of a run and, beside it, its figures for Vega-Lite.
#pragma once

#include <span>
#include <string>

#include "report/reported_row.h"

namespace rowmill {

// `path` and `path`.vl.json; whole or not at all, replacing what is there. Throws IoError.
void WriteReport(const std::string& path, const std::string& run_json,
                 std::span<const ReportedRow> rows);

}  // namespace rowmill
