// One row of the data set as it stands in the file: its raw text and where its fields lie in it.
// Decoding happens when a field is asked for. A Record is reused from row to row.
//
// What it is not: the answer (output_row.h) or the text that the model reads (prep/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/format.h"
#include "data/schema.h"

namespace rowmill {

// A field's value as text: a string decoded, a number as it is written in the file, true or false,
// nothing for null, the JSON text of an array or object. Always valid UTF-8 without NUL.
struct FieldValue {
  FieldKind kind = FieldKind::kString;
  std::string text;
  bool repaired = false;  // something became U+FFFD (or had, when the record was read)
};

// Where a field lies in Record::raw.
struct FieldSpan {
  size_t name_begin = 0;  // JSONL only: between the quotes of the key
  size_t name_size = 0;
  size_t begin = 0;  // of the value, quotes included
  size_t size = 0;
  FieldKind kind = FieldKind::kString;
  bool name_escaped = false;  // JSONL: the key has backslashes
  bool encoded = false;       // quoted: the text is not the bytes themselves
  bool malformed = false;     // CSV: not as RFC 4180 writes fields, to be quoted anew on output
};

class Record {
 public:
  uint64_t index = 0;  // 0-based position in the input
  uint64_t line = 0;   // 1-based number of its first line in the file
  // The file's name where the data set is several of them; null where it is one.
  std::shared_ptr<const std::string> file;
  uint64_t offset = 0;  // of its first byte in the (decompressed) input
  Format format = Format::kJsonl;

  // JSONL: the line, repaired where it was not UTF-8. CSV: the bytes of the fields, one behind the
  // other, without what separates them. Text: the line. Empty where the record was over a limit.
  std::string raw;
  std::vector<FieldSpan> fields;
  // CSV and text: the columns; null for JSONL, whose names lie in `raw`.
  std::shared_ptr<const ColumnNames> columns;

  // Why the row is `invalid`, for its `error` column; empty where it is sound. Says nothing of the
  // row's place or content, so that equal rows have equal errors wherever they stand.
  std::string problem;
  // JSONL: whether `raw` is an object whose text can be passed on (a repeated key does not hinder
  // that), and where in `raw` our keys go: behind its last member.
  bool is_object = false;
  size_t object_begin = 0;
  size_t object_end = 0;
  size_t members_end = 0;
  bool repaired = false;  // JSONL: something in the line became U+FFFD

  // Back to an empty row of the given format; keeps the memory.
  void Clear(Format new_format);

  size_t num_fields() const { return fields.size(); }
  // The position of a field, or nothing where the row has no such column.
  std::optional<size_t> Find(std::string_view name) const;
  std::optional<FieldValue> Field(std::string_view name) const;
  std::string FieldName(size_t i) const;
  FieldValue FieldAt(size_t i) const;
  // The bytes of the field in the file, quotes included.
  std::string_view RawField(size_t i) const {
    return std::string_view(raw).substr(fields[i].begin, fields[i].size);
  }
  // CSV and text: the field's bytes without quotes, not repaired.
  void AppendFieldBytes(size_t i, std::string& out) const;

 private:
  bool HasName(size_t i, std::string_view name) const;
};

}  // namespace rowmill
