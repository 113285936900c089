// Writes the output row by row: the input's columns as they stand in the file, the task's columns,
// `status` and `error` (design: the row contract). Any input format can become any output format.
//
// The bytes depend on the rows and options alone. What passes through:
//   JSONL -> JSONL  the object's own text, our keys behind its last member.
//   CSV   -> CSV    the fields' own bytes, also those that are not UTF-8.
//   CSV   -> JSONL  strings.            JSONL -> CSV  strings decoded, numbers as written, nothing
//                                       for null, JSON text of arrays and objects.
//   any   -> text   nothing: each line is the answer alone, with spaces for its line ends.
//   any   -> Parquet  columns of Parquet with their types (parquet_sink.h), others as text.
// A row whose own columns cannot be told (not an object, over a limit) has empty ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/byte_sink.h"
#include "data/format.h"
#include "data/output_row.h"
#include "data/record.h"
#include "data/schema.h"

namespace rowmill {

struct SinkOptions {
  Format format = Format::kJsonl;
  bool write_header = true;  // of CSV and TSV
  // Makes string cells of ours that begin with = + - @ or a tab harmless for spreadsheets, which
  // would run them as formulas, by a ' in front. Columns that pass through stay as they are.
  bool csv_safe = false;
  size_t answer_column = 0;  // of text: which task column is written
};

class Sink {
 public:
  virtual ~Sink() = default;
  // `record` is the row as the Source gave it, in any format.
  void Write(const Record& record, const OutputRow& row);
  // Hands on what is buffered; for output that is read while it is written.
  void Flush() { writer_.Flush(); }
  // Hands on everything and ends compressed streams. Write nothing after it.
  void Finish();
  uint64_t num_rows() const { return num_rows_; }
  uint64_t num_bytes() const { return writer_.num_bytes(); }  // before compression

 protected:
  Sink(OutputSchema schema, ByteSink& bytes);

  virtual void AppendRow(const Record& record, const OutputRow& row, std::string& out) = 0;
  // Behind the last row: what a format still owes.
  virtual void End() {}

  void AppendBytes(std::string_view bytes) { writer_.Append(bytes); }

  const OutputSchema& schema() const { return schema_; }
  std::string& buffer() { return writer_.buffer(); }

 private:
  OutputSchema schema_;
  ByteSink& bytes_;
  BufferedWriter writer_;
  uint64_t num_rows_ = 0;
};

// `input_format` and the schema's input columns are those of the Source. `bytes` is kept alive by
// the caller and not written to before the first Write, Flush or Finish.
std::unique_ptr<Sink> MakeSink(const SinkOptions& options, OutputSchema schema, ByteSink& bytes);

// Says of an output, before anything is loaded, that its name tells no format that can be written
// (UsageError) or that the module for it is missing (ResourceError). `format`: where it was given.
void CheckOutputFormat(const std::string& path, const std::optional<Format>& format);

}  // namespace rowmill
