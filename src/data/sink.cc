#include "data/sink.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/csv_sink.h"
#include "data/json_text.h"
#include "data/parquet_library.h"
#include "data/parquet_sink.h"

namespace rowmill {
namespace {

class JsonlSink final : public Sink {
 public:
  JsonlSink(OutputSchema schema, ByteSink& bytes) : Sink(std::move(schema), bytes) {
    for (const std::string& name : this->schema().input_columns) {
      AppendJsonString(name, input_keys_.emplace_back());
    }
  }

 protected:
  void AppendRow(const Record& record, const OutputRow& row, std::string& out) override {
    bool first = true;
    std::string_view tail = "}";
    if (record.format == Format::kJsonl) {
      const std::string_view raw = record.raw;
      if (record.is_object) {
        out += raw.substr(record.object_begin, record.members_end - record.object_begin);
        tail = raw.substr(record.members_end, record.object_end - record.members_end);
        first = record.fields.empty();
      } else {
        out += '{';
      }
    } else {
      AppendFields(record, out);
      first = input_keys_.empty();
    }
    const auto key = [&](const std::string& name) {
      if (!first) out += ',';
      first = false;
      AppendKey(record, name, out);
    };
    for (size_t i = 0; i < schema().task_columns.size(); ++i) {
      key(schema().task_columns[i]);
      if (row.cells.empty()) {
        out += "null";
      } else {
        AppendCellAsJson(row.cells[i], out);
      }
    }
    key(schema().status_column);
    AppendJsonString(RowStatusName(row.status), out);
    key(schema().error_column);
    AppendJsonString(row.error, out);
    out += tail;
    out += '\n';
  }

 private:
  // The row's fields as strings, null where it has fewer than the columns.
  void AppendFields(const Record& record, std::string& out) const {
    out += '{';
    for (size_t i = 0; i < input_keys_.size(); ++i) {
      if (i > 0) out += ',';
      out += input_keys_[i];
      out += ':';
      if (i < record.num_fields()) {
        AppendJsonString(record.FieldAt(i).text, out);
      } else {
        out += "null";
      }
    }
  }

  // Where the names of the whole input are not known beforehand (standard output), a late row may
  // have a key of ours; an object never gets the same key twice.
  static void AppendKey(const Record& record, const std::string& name, std::string& out) {
    std::string free_name = name;
    if (record.format == Format::kJsonl) {
      while (record.Find(free_name).has_value()) free_name = PrefixedColumn(free_name);
    }
    AppendJsonString(free_name, out);
    out += ':';
  }

  std::vector<std::string> input_keys_;  // as JSON strings
};

class TextSink final : public Sink {
 public:
  TextSink(OutputSchema schema, ByteSink& bytes, size_t answer_column)
      : Sink(std::move(schema), bytes), answer_column_(answer_column) {
    CHECK(answer_column_ < this->schema().task_columns.size());
  }

 protected:
  void AppendRow(const Record&, const OutputRow& row, std::string& out) override {
    const size_t begin = out.size();
    if (!row.cells.empty()) AppendCellAsText(row.cells[answer_column_], out);
    // One space for each line end, CRLF being one: line n must stay the answer to row n.
    size_t kept = begin;
    for (size_t i = begin; i < out.size(); ++i) {
      const bool is_crlf = out[i] == '\r' && i + 1 < out.size() && out[i + 1] == '\n';
      if (is_crlf) continue;
      out[kept++] = out[i] == '\n' || out[i] == '\r' ? ' ' : out[i];
    }
    out.resize(kept);
    out += '\n';
  }

 private:
  size_t answer_column_;
};

}  // namespace

Sink::Sink(OutputSchema schema, ByteSink& bytes)
    : schema_(std::move(schema)), bytes_(bytes), writer_(bytes) {}

void Sink::Write(const Record& record, const OutputRow& row) {
  CHECK(row.cells.empty() || row.cells.size() == schema_.task_columns.size());
  AppendRow(record, row, writer_.buffer());
  writer_.EndPiece();
  ++num_rows_;
}

void Sink::Finish() {
  End();
  writer_.Flush();
  bytes_.Finish();
}

std::unique_ptr<Sink> MakeSink(const SinkOptions& options, OutputSchema schema, ByteSink& bytes) {
  switch (options.format) {
    case Format::kJsonl:
      return std::make_unique<JsonlSink>(std::move(schema), bytes);
    case Format::kCsv:
    case Format::kTsv:
      return std::make_unique<CsvSink>(options, std::move(schema), bytes);
    case Format::kText:
      return std::make_unique<TextSink>(std::move(schema), bytes, options.answer_column);
    case Format::kParquet:
      return MakeParquetSink(nullptr, std::move(schema), bytes);
  }
  throw InternalError("a format without a sink");
}

void CheckOutputFormat(const std::string& path, const std::optional<Format>& format) {
  const std::optional<Format> named = FormatFromPath(path);
  if (format.value_or(named.value_or(Format::kJsonl)) == Format::kParquet) LoadParquetModule();
}

}  // namespace rowmill
