// Reads a data set record by record, in order, in memory that does not grow with the number of
// rows: JSONL, CSV, TSV and text lines, plain or compressed, from a file or from standard input;
// and Parquet files, as JSONL with a line for each row.
//
// Which lines are rows:
//   JSONL  every line that holds more than spaces, whether it is sound or not.
//   CSV    every record. A line without a single byte is none, except in a file of one column,
//          where it is a row with an empty field.
//   text   every line, empty ones too, so that line n of the output answers line n of the input.
//
// A row that is broken in itself comes with `problem` set and becomes `invalid`. Damage that hides
// where rows begin (a quote that is never closed, a broken gzip stream) ends reading: Next() gives
// the rows before it and then false, and damage() says what is wrong; the run ends with exit
// code 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/csv_parser.h"
#include "data/format.h"
#include "data/input_stream.h"
#include "data/json_scanner.h"
#include "data/record.h"

namespace rowmill {

enum class HeaderMode : uint8_t {
  kFirstRow,  // the first record of a CSV file names the columns
  kNone,      // there is none: the columns are column1, column2, ...
};

struct SourceOptions {
  InputOptions input;
  // Where there are any, the input is these files, one behind the other (source_chain.h), and
  // input.path is only what messages call them.
  std::vector<std::string> paths;
  std::optional<Format> format;   // from the file name where it is not given
  std::optional<char> delimiter;  // of CSV; by format where it is not given
  bool has_quotes = true;         // of CSV: see CsvDialect
  HeaderMode header = HeaderMode::kFirstRow;
  std::string text_column = "text";          // what the one column of text lines is called
  size_t max_line_bytes = size_t{16} << 20;  // of JSONL and text
  CsvLimits csv;
  JsonLimits json;
  // The names of the task's columns (`status` and `error` are known). JSONL: an input that has one
  // of them, with or without our prefix, is told by columns() even where there are too many names
  // to remember.
  std::vector<std::string> reserved_names;
  // JSONL: all names that rows can have, where they are known beforehand.
  std::vector<std::string> known_columns;
};

class Source {
 public:
  virtual ~Source() = default;

  // Reads the next row into `record`. False at the end, the sound one or not (damage()).
  bool Next(Record& record);
  // Starts again from the first row; the same rows follow. CHECKs can_rewind().
  void Rewind();
  virtual bool can_rewind() const { return stream_->can_rewind(); }
  // Whether the input is copied into InputOptions::spool_path while it is read.
  virtual bool spooled() const { return stream_->spooled(); }

  Format format() const { return format_; }
  // CSV and text: the columns. JSONL: the names met so far, by first appearance; complete after a
  // full pass. At most 16,384 of them and 4 MiB are remembered, and the reserved ones.
  const ColumnNames& columns() const { return *columns_; }
  // Whether columns() are all that there are, before the first row.
  bool knows_columns() const { return knows_columns_; }
  // JSONL: more names were met than can be remembered, so no table can be written.
  bool columns_overflowed() const { return columns_overflowed_; }

  // Set once Next() has returned false, where reading could not go on. A whole message.
  const std::optional<std::string>& damage() const { return damage_; }
  uint64_t num_rows() const { return num_rows_; }  // read since the start or the last Rewind()
  virtual ReadProgress progress() const { return stream_->progress(); }

 protected:
  // `stream` is null where the rows come from other sources (source_chain.h).
  Source(Format format, std::unique_ptr<InputStream> stream);

  // Fills the record, which is cleared, has its index, and lacks line and offset. False at the end.
  virtual bool ReadRecord(Record& record) = 0;
  // Reads what stands before the first row, again, after a Rewind().
  virtual void Restart() = 0;

  InputStream& stream() { return *stream_; }
  void set_damage(const std::string& what);
  void set_columns(ColumnNames columns);
  void RememberColumn(std::string name);
  void SetColumnsKnown() { knows_columns_ = true; }
  void SetColumnsOverflowed() { columns_overflowed_ = true; }

  uint64_t line_ = 1;  // number of the line that comes next

 private:
  Format format_;
  std::unique_ptr<InputStream> stream_;
  std::shared_ptr<ColumnNames> columns_;
  bool columns_overflowed_ = false;
  bool knows_columns_ = false;
  std::optional<std::string> damage_;
  uint64_t num_rows_ = 0;
};

// Opens an input. Throws UsageError, IoError, and DataError where not even the first row can be
// found: UTF-16, a header with repeated or empty names, more columns than the limit, a delimiter
// that is evidently another one.
std::unique_ptr<Source> OpenSource(FileSystem& fs, const SourceOptions& options);
// Opens the input and lets it go: a mistyped name or a broken header is said before anything is
// loaded. Pipes, which can be read only once, have to wait. Throws what OpenSource throws.
void CheckSource(FileSystem& fs, const SourceOptions& options);
// Whether the input is a Parquet file.
bool IsParquet(const SourceOptions& options);
// Options for what `options` name, as text: of a Parquet file its rows as JSON Lines, else as they
// are. Throws what ParquetReader throws.
SourceOptions AsText(FileSystem& fs, const SourceOptions& options);
// Over a stream that is open already; `options.format` must be given.
std::unique_ptr<Source> MakeSource(std::unique_ptr<InputStream> stream,
                                   const SourceOptions& options);

}  // namespace rowmill
