#include "cli/column_check.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tasks/named_columns.h"

namespace rowmill {
namespace {

std::vector<NamedColumn> ColumnsOf(const JobFlags& flags, const JobOptions& options,
                                   const PromptOptions& prompt) {
  std::vector<NamedColumn> columns;
  if (!flags.path_column.empty()) columns.push_back({flags.path_column, "--path"});
  if (flags.files.empty() && flags.default_text) {
    for (NamedColumn& column : NamedColumns(prompt, *flags.default_text)) {
      columns.push_back(std::move(column));
    }
  }
  if (options.gold_column) columns.push_back({*options.gold_column, "--gold"});
  if (options.id_column) columns.push_back({*options.id_column, "--id"});
  return columns;
}

// A pipe, standard input or a table: what can be read only once, or is looked at elsewhere.
bool IsReadOnce(FileSystem& file_system, const SourceOptions& source) {
  if (!source.input.files.patterns.empty() || source.input.open_bytes) return true;
  if (!source.paths.empty()) return false;
  const std::string& path = source.input.path;
  return path == "-" ||
         (file_system.Exists(path) && file_system.Info(path).kind != FileInfo::Kind::kRegular);
}

}  // namespace

void CheckNamedColumns(FileSystem& file_system, const JobFlags& flags, const JobOptions& options,
                       const PromptOptions& prompt) {
  if (IsReadOnce(file_system, options.source)) return;
  const std::vector<NamedColumn> columns = ColumnsOf(flags, options, prompt);
  const std::unique_ptr<Source> source = OpenSource(file_system, options.source);
  const auto has_all = [&] {
    return std::all_of(columns.begin(), columns.end(), [&](const NamedColumn& column) {
      return source->columns().Find(column.name).has_value();
    });
  };
  Record record;
  while (!source->knows_columns() && !has_all() && source->Next(record)) {
  }
  // An input without rows has no names; where there are too many of them, a row is invalid.
  if (source->columns().size() == 0 || source->columns_overflowed()) return;
  for (const NamedColumn& column : columns) {
    RequireColumn(source->columns(), column.name, column.option);
  }
}

}  // namespace rowmill
