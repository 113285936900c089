// What a data set looks like from outside: the kinds of its values, the names of its columns, and
// the columns of the output with clashes of names resolved. Holds no rows (record.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/output_row.h"

namespace rowmill {

// JSON's kinds. CSV and text fields are all strings.
enum class FieldKind : uint8_t { kString, kNumber, kBool, kNull, kArray, kObject };

// "a string", "a number"...: for messages.
std::string_view FieldKindName(FieldKind kind);

// Column names in order, found by name in logarithmic time.
class ColumnNames {
 public:
  ColumnNames() = default;
  // The names must be distinct.
  explicit ColumnNames(std::vector<std::string> names);

  const std::vector<std::string>& names() const { return names_; }
  size_t size() const { return names_.size(); }
  std::optional<size_t> Find(std::string_view name) const;
  // Adds a name that is not there yet.
  void Add(std::string name);

 private:
  std::vector<std::string> names_;
  std::map<std::string, size_t, std::less<>> positions_;
};

// A column of ours that had to give way to one of the input.
struct Rename {
  std::string wanted;
  std::string name;
};

// The columns of the output: the input's, then the task's, then `status` and `error`.
struct OutputSchema {
  std::vector<std::string> input_columns;
  std::vector<std::string> task_columns;
  std::string status_column;
  std::string error_column;
  // Of the task's columns, for output with types; empty: what the cells show.
  std::vector<CellKind> task_kinds;
  std::vector<Rename> renames;  // to be said on stderr and in run.json
};

// A task column NAME that the input has already becomes `rowmill_NAME`, and again until it is free;
// so do `status` and `error`. `task_columns` must be distinct and neither of those two.
//
// JSONL rows may each have other keys: pass the names of the whole data set (Source::columns()
// after a full pass). Throws DataError where even eight prefixes do not help.
OutputSchema ResolveOutputSchema(std::vector<std::string> input_columns,
                                 std::span<const std::string> task_columns);

// The name that ours becomes when it clashes.
std::string PrefixedColumn(std::string_view name);

// A column of the input that the user named. Throws UsageError with "did you mean" and the known
// names where there is none. JSONL: ask only after a pass, or not at all (a row without it is
// `invalid`).
void RequireColumn(const ColumnNames& columns, std::string_view name, std::string_view option);

}  // namespace rowmill
