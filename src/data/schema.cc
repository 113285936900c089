#include "data/schema.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

constexpr int kMaxPrefixes = 8;

// The first free name, or DataError.
std::string FreeName(const std::string& wanted, const ColumnNames& taken) {
  std::string name = wanted;
  for (int i = 0; i <= kMaxPrefixes; ++i) {
    if (!taken.Find(name).has_value()) return name;
    name = PrefixedColumn(name);
  }
  throw DataError("the input has the column '" + wanted + "' and the same with " +
                  std::to_string(kMaxPrefixes) +
                  " prefixes 'rowmill_', so no name is left for the answer; rename one of them");
}

// A file without a header has a row where names should be, and messages do not quote rows.
bool LooksLikeValue(const std::string& name) {
  constexpr size_t kLongestName = 40;
  constexpr int kManyDigits = 6;
  int digits = 0;  // in a row, spaces and hyphens between them apart
  for (const char c : name) {
    if (c == '@') return true;
    if (c >= '0' && c <= '9') {
      if (++digits == kManyDigits) return true;
    } else if (c != ' ' && c != '-') {
      digits = 0;
    }
  }
  return name.size() > kLongestName || name.ends_with('.') || name.ends_with('!');
}

}  // namespace

std::string_view FieldKindName(FieldKind kind) {
  switch (kind) {
    case FieldKind::kString:
      return "a string";
    case FieldKind::kNumber:
      return "a number";
    case FieldKind::kBool:
      return "true or false";
    case FieldKind::kNull:
      return "null";
    case FieldKind::kArray:
      return "an array";
    case FieldKind::kObject:
      return "an object";
  }
  return "";
}

ColumnNames::ColumnNames(std::vector<std::string> names) {
  for (std::string& name : names) Add(std::move(name));
}

std::optional<size_t> ColumnNames::Find(std::string_view name) const {
  const auto found = positions_.find(name);
  return found == positions_.end() ? std::nullopt : std::optional<size_t>(found->second);
}

void ColumnNames::Add(std::string name) {
  const bool added = positions_.emplace(name, names_.size()).second;
  CHECK(added);
  names_.push_back(std::move(name));
}

std::string PrefixedColumn(std::string_view name) { return "rowmill_" + std::string(name); }

OutputSchema ResolveOutputSchema(std::vector<std::string> input_columns,
                                 std::span<const std::string> task_columns) {
  OutputSchema schema;
  ColumnNames taken(input_columns);
  const auto resolve = [&](const std::string& wanted) {
    std::string name = FreeName(wanted, taken);
    taken.Add(name);
    if (name != wanted) schema.renames.push_back({wanted, name});
    return name;
  };
  for (const std::string& wanted : task_columns) {
    CHECK(wanted != "status" && wanted != "error");
    CHECK(std::count(task_columns.begin(), task_columns.end(), wanted) == 1);
    schema.task_columns.push_back(resolve(wanted));
  }
  schema.status_column = resolve("status");
  schema.error_column = resolve("error");
  schema.input_columns = std::move(input_columns);
  return schema;
}

void RequireColumn(const ColumnNames& columns, std::string_view name, std::string_view option) {
  if (columns.Find(name).has_value()) return;
  const std::string missing =
      std::string(option) + ": the input has no column '" + std::string(name) + "'";
  if (std::any_of(columns.names().begin(), columns.names().end(), LooksLikeValue)) {
    throw UsageError(missing +
                     "; what stands in the place of names does not look like names: where the "
                     "first line is a row already, say --no-header (columns are column1, column2, "
                     "...)");
  }
  constexpr size_t kMaxListed = 20;
  std::string known;
  for (size_t i = 0; i < columns.size() && i < kMaxListed; ++i) {
    known += (i == 0 ? "" : ", ") + columns.names()[i];
  }
  if (columns.size() > kMaxListed) known += ", ...";
  throw UsageError(missing + DidYouMean(name, columns.names()) + "; it has: " + known);
}

}  // namespace rowmill
