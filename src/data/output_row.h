// What the run says about one row: its status and the typed cells of the task's columns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rowmill {

// The row contract: every row of the input has one of these in the output.
enum class RowStatus : uint8_t {
  kOk,
  kTruncated,  // answered, with text cut to the context because the user allowed it
  kInvalid,    // the data is at fault: broken, empty, null, of the wrong type, without the column
  kError,      // the row cannot be answered: longer than the context, not finite, out of steps
  kSkipped,    // not run, because the run ended early
};

// Whether the row has a prompt, or its answer.
constexpr bool IsFine(RowStatus status) {
  return status == RowStatus::kOk || status == RowStatus::kTruncated;
}

// "ok", "truncated", "invalid", "error", "skipped".
std::string_view RowStatusName(RowStatus status);

// JSON text of our own making, for values with structure (lists of objects).
struct JsonText {
  std::string text;
  bool operator==(const JsonText&) const = default;
};

// One value. Numbers are written as the shortest text that reads back as the same value; a number
// that is not finite becomes null.
using Cell =
    std::variant<std::monostate, std::string, int64_t, double, bool, std::vector<float>, JsonText>;

// What the cells of a column are, as far as Arrow's types tell them apart.
enum class CellKind : uint8_t {
  kUndecided,  // not known yet: nulls so far
  kText,       // also JsonText
  kInteger,
  kNumber,
  kBool,
  kFloats,
};

// Views into what the caller holds while it writes the row.
struct OutputRow {
  std::span<const Cell> cells;  // one for each task column; none at all means null for each
  RowStatus status = RowStatus::kOk;
  std::string_view error;  // empty where the row is fine
};

// Appends the cell as a JSON value.
void AppendCellAsJson(const Cell& cell, std::string& out);
// Appends the cell as plain text: nothing for null, lists and structures as JSON.
void AppendCellAsText(const Cell& cell, std::string& out);

}  // namespace rowmill
