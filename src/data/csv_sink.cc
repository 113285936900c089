#include "data/csv_sink.h"

#include <optional>
#include <utility>

#include "data/csv_text.h"

namespace rowmill {
namespace {

// Where a JSONL row has the column `name`. Rows mostly have their keys in the order of the columns,
// so the search goes on from the key behind the last one found.
std::optional<size_t> FindFrom(const Record& record, std::string_view name, size_t& next) {
  for (size_t step = 0; step < record.num_fields(); ++step) {
    const size_t i = (next + step) % record.num_fields();
    const FieldSpan& field = record.fields[i];
    const std::string_view written =
        std::string_view(record.raw).substr(field.name_begin, field.name_size);
    if (field.name_escaped ? record.FieldName(i) != name : written != name) continue;
    next = i + 1;
    return i;
  }
  return std::nullopt;
}

}  // namespace

CsvSink::CsvSink(const SinkOptions& options, OutputSchema schema, ByteSink& bytes)
    : Sink(std::move(schema), bytes),
      delimiter_(options.format == Format::kTsv ? '\t' : ','),
      safe_(options.csv_safe) {
  if (!options.write_header) return;
  std::string& out = buffer();
  const auto append = [&](const std::string& name) {
    AppendCsvField(name, delimiter_, out);
    out += delimiter_;
  };
  for (const std::string& name : this->schema().input_columns) append(name);
  for (const std::string& name : this->schema().task_columns) append(name);
  append(this->schema().status_column);
  AppendCsvField(this->schema().error_column, delimiter_, out);
  out += '\n';
}

void CsvSink::AppendInputField(const Record& record, size_t field, std::string& out) {
  if (record.format == Format::kJsonl) {
    AppendCsvField(record.FieldAt(field).text, delimiter_, out);
  } else if (record.fields[field].encoded) {
    // A well-formed field in quotes is one with any delimiter.
    out += record.RawField(field);
  } else {
    AppendCsvField(record.RawField(field), delimiter_, out);
  }
}

void CsvSink::AppendOurs(const Cell& cell, std::string& out) {
  scratch_.clear();
  AppendCellAsText(cell, scratch_);
  const bool is_text = std::holds_alternative<std::string>(cell);
  if (safe_ && is_text && scratch_.find_first_of("=+-@\t\r") == 0) scratch_.insert(0, 1, '\'');
  AppendCsvField(scratch_, delimiter_, out);
}

void CsvSink::AppendRow(const Record& record, const OutputRow& row, std::string& out) {
  const size_t num_inputs = schema().input_columns.size();
  size_t next = 0;
  for (size_t i = 0; i < num_inputs; ++i) {
    if (record.format == Format::kJsonl) {
      const std::optional<size_t> field = FindFrom(record, schema().input_columns[i], next);
      if (field.has_value()) AppendInputField(record, *field, out);
    } else if (i < record.num_fields()) {
      AppendInputField(record, i, out);
    }
    out += delimiter_;
  }
  for (size_t i = 0; i < schema().task_columns.size(); ++i) {
    if (!row.cells.empty()) AppendOurs(row.cells[i], out);
    out += delimiter_;
  }
  out += RowStatusName(row.status);
  out += delimiter_;
  AppendCsvField(row.error, delimiter_, out);
  out += '\n';
}

}  // namespace rowmill
