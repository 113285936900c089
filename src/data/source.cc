#include "data/source.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/csv_source.h"
#include "data/jsonl_source.h"
#include "data/line_reader.h"
#include "data/parquet_reader.h"
#include "data/source_chain.h"

namespace rowmill {
namespace {

// Text: the line, without CR before its end, is the row's only field.
class TextSource final : public Source {
 public:
  TextSource(std::unique_ptr<InputStream> stream, const SourceOptions& options)
      : Source(Format::kText, std::move(stream)), max_line_bytes_(options.max_line_bytes) {
    set_columns(ColumnNames({options.text_column}));
  }

 protected:
  bool ReadRecord(Record& record) override {
    LineState state;
    if (!ReadLine(stream(), max_line_bytes_, record.raw, state)) return false;
    record.line = line_++;
    record.offset = state.offset;
    if (state.is_too_long) {
      record.problem =
          "line size: longer than the limit of " + std::to_string(max_line_bytes_) + " bytes";
      return true;
    }
    if (state.is_terminated && record.raw.ends_with('\r')) record.raw.pop_back();
    FieldSpan field;
    field.size = record.raw.size();
    record.fields.push_back(field);
    return true;
  }
  void Restart() override {}

 private:
  size_t max_line_bytes_;
};

}  // namespace

Source::Source(Format format, std::unique_ptr<InputStream> stream)
    : format_(format), stream_(std::move(stream)), columns_(std::make_shared<ColumnNames>()) {}

void Source::set_columns(ColumnNames columns) {
  columns_ = std::make_shared<ColumnNames>(std::move(columns));
  knows_columns_ = true;
}

void Source::RememberColumn(std::string name) { columns_->Add(std::move(name)); }

void Source::set_damage(const std::string& what) {
  if (!damage_.has_value()) damage_ = what;
}

bool Source::Next(Record& record) {
  if (damage_.has_value()) return false;
  record.Clear(format_);
  record.index = num_rows_;
  if (!ReadRecord(record)) {
    const std::optional<std::string> why =
        stream_ != nullptr ? stream_->damage() : std::optional<std::string>();
    if (why.has_value()) {
      set_damage(*why + " (the damage lies in or behind line " + std::to_string(line_) + "; " +
                 std::to_string(num_rows_) + " rows before it were read)");
    }
    return false;
  }
  if (format_ == Format::kJsonl) {
    record.columns.reset();
  } else if (record.columns != columns_) {
    record.columns = columns_;
  }
  ++num_rows_;
  return true;
}

void Source::Rewind() {
  if (stream_ != nullptr) stream_->Rewind();
  num_rows_ = 0;
  line_ = 1;
  damage_.reset();
  Restart();
}

std::unique_ptr<Source> MakeSource(std::unique_ptr<InputStream> stream,
                                   const SourceOptions& options) {
  CHECK(options.format.has_value());
  switch (*options.format) {
    case Format::kJsonl:
      return std::make_unique<JsonlSource>(std::move(stream), options);
    case Format::kCsv:
    case Format::kTsv:
      return std::make_unique<CsvSource>(*options.format, std::move(stream), options);
    case Format::kText:
      return std::make_unique<TextSource>(std::move(stream), options);
    case Format::kParquet:
      break;  // AsText makes JSONL of it.
  }
  throw InternalError("a format without a source");
}

bool IsParquet(const SourceOptions& options) {
  if (!options.input.files.patterns.empty() || options.input.open_bytes) return false;
  const std::string& path = options.paths.empty() ? options.input.path : options.paths.front();
  return options.format.value_or(FormatFromPath(path).value_or(Format::kJsonl)) == Format::kParquet;
}

SourceOptions AsText(FileSystem& fs, const SourceOptions& options) {
  SourceOptions known = options;
  if (!options.input.files.patterns.empty()) known.format = Format::kJsonl;
  if (!known.format.has_value()) known.format = RequireFormat(options.input.path);
  if (!IsParquet(known)) return known;
  const std::string path = options.input.path;
  known.known_columns = ParquetReader(fs, path).schema().WritableColumns();
  known.format = Format::kJsonl;
  known.input.open_bytes = [&fs, path] {
    return std::make_unique<ParquetByteSource>(std::make_unique<ParquetReader>(fs, path));
  };
  return known;
}

std::unique_ptr<Source> OpenSource(FileSystem& fs, const SourceOptions& options) {
  if (!options.paths.empty()) return std::make_unique<SourceChain>(fs, options);
  const SourceOptions known = AsText(fs, options);
  std::unique_ptr<InputStream> stream = InputStream::Open(fs, known.input);
  const std::string name = stream->name();
  try {
    return MakeSource(std::move(stream), known);
  } catch (const DataError& error) {
    const std::string what = error.what();
    if (what.starts_with(name)) throw;
    throw DataError(name + ", " + what);
  }
}

void CheckSource(FileSystem& fs, const SourceOptions& options) {
  const std::string& path = options.input.path;
  if (path == "-" && !IsParquet(options)) return;
  if (options.paths.empty() && fs.Exists(path) && fs.Info(path).kind == FileInfo::Kind::kOther)
    return;
  OpenSource(fs, options);
}

}  // namespace rowmill
