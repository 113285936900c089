#include "data/csv_source.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "data/utf8.h"

namespace rowmill {
namespace {

char DefaultDelimiter(Format format) { return format == Format::kTsv ? '\t' : ','; }

std::string_view DelimiterWord(char delimiter) {
  switch (delimiter) {
    case '\t':
      return "a tab";
    case ';':
      return "';'";
    case '|':
      return "'|'";
    default:
      return "','";
  }
}

}  // namespace

CsvSource::CsvSource(Format format, std::unique_ptr<InputStream> input,
                     const SourceOptions& options)
    : Source(format, std::move(input)),
      options_(options),
      delimiter_(options.delimiter.value_or(DefaultDelimiter(format))),
      parser_({delimiter_, options.has_quotes}, options.csv) {
  if (delimiter_ == '"' || delimiter_ == '\n' || delimiter_ == '\r' || delimiter_ == '\0') {
    throw UsageError("a quote, a line end or NUL cannot be the delimiter");
  }
  Record record;
  record.Clear(format);
  if (!ReadFirst(record)) {
    const std::optional<std::string>& why = damage();
    if (why.has_value()) throw DataError(*why);
    return;  // No rows and no columns.
  }
  if (parser_.state().over_limit()) {
    throw DataError(stream().name() + ": its first record has more than " +
                    std::to_string(options.csv.max_columns) + " columns or " +
                    std::to_string(options.csv.max_field_bytes) +
                    " bytes in a field; is it a CSV file, and is the delimiter right?");
  }
  if (options.header == HeaderMode::kFirstRow) {
    CheckDelimiter(record);
    set_columns(NamesFromHeader(record));
    return;
  }
  std::vector<std::string> names(record.num_fields());
  for (size_t i = 0; i < names.size(); ++i) names[i] = "column" + std::to_string(i + 1);
  set_columns(ColumnNames(std::move(names)));
  Examine(record);
  first_ = std::move(record);
}

void CsvSource::Restart() {
  skip_lf_ = false;
  first_.reset();
  Record header;
  header.Clear(format());
  if (options_.header == HeaderMode::kFirstRow) ReadFirst(header);
}

bool CsvSource::ReadRaw(Record& record) {
  if (skip_lf_) {
    if (stream().Peek().starts_with('\n')) stream().Consume(1);
    skip_lf_ = false;
  }
  record.line = line_;
  record.offset = stream().offset();
  parser_.Begin(record);
  while (!parser_.done()) {
    const std::string_view bytes = stream().Peek();
    if (bytes.empty()) {
      // Damage of the stream may have cut the record anywhere, so it is none.
      if (stream().damage().has_value() || !parser_.Finish()) return false;
      if (parser_.in_quotes()) {
        set_damage(stream().name() + ": a quote that opens in line " +
                   std::to_string(record.line + parser_.state().quote_line) +
                   " is never closed, so what follows cannot be told apart into rows; close it, "
                   "or double it where it is part of the text");
        return false;
      }
      break;
    }
    stream().Consume(parser_.Feed(bytes));
  }
  skip_lf_ = parser_.state().ended_with_cr;
  line_ += parser_.state().num_lines;
  return true;
}

bool CsvSource::ReadFirst(Record& record) {
  while (ReadRaw(record)) {
    if (!parser_.state().is_blank) return true;
    record.Clear(format());
  }
  const std::optional<std::string>& stream_damage = stream().damage();
  if (stream_damage.has_value()) set_damage(*stream_damage);
  return false;
}

bool CsvSource::ReadRecord(Record& record) {
  if (first_.has_value()) {
    const uint64_t index = record.index;
    record = std::move(*first_);
    record.index = index;
    first_.reset();
    return true;
  }
  while (ReadRaw(record)) {
    if (!parser_.state().is_blank || columns().size() == 1) {
      Examine(record);
      return true;
    }
    record.Clear(format());
  }
  return false;
}

void CsvSource::Examine(Record& record) const {
  const CsvRecordState& state = parser_.state();
  const size_t expected = columns().size();
  const auto count = [&] {
    return std::to_string(state.num_fields) + (state.num_fields == 1 ? " column" : " columns") +
           " where there should be " + std::to_string(expected);
  };
  if (state.field_too_long) {
    record.problem = "line size: a field is longer than the limit of " +
                     std::to_string(options_.csv.max_field_bytes) + " bytes";
  } else if (state.record_too_long) {
    record.problem = "line size: the row is longer than the limit of " +
                     std::to_string(options_.csv.max_record_bytes) + " bytes";
  } else if (state.malformed_field != 0) {
    record.problem = "unquoted value: column " + std::to_string(state.malformed_field) +
                     " has a quote that neither opens nor closes the field (write it doubled, "
                     "in a field in quotes)";
  } else if (state.num_fields < expected && !state.is_terminated) {
    record.problem = "the last line is torn: it has " + count();
  } else if (state.num_fields < expected) {
    record.problem = "missing columns: " + count();
  } else if (state.num_fields > expected) {
    record.problem = "too many columns: " + count();
  }
  // What lies beyond the columns belongs to none of them.
  if (record.fields.size() > expected) record.fields.resize(expected);
}

void CsvSource::CheckDelimiter(const Record& record) const {
  if (options_.delimiter.has_value() || record.num_fields() != 1) return;
  for (const char other : {',', ';', '\t', '|'}) {
    if (other == delimiter_ || record.raw.find(other) == std::string::npos) continue;
    if (record.fields[0].encoded) continue;
    throw DataError("line " + std::to_string(record.line) +
                    ": the first record has one column and " + std::string(DelimiterWord(other)) +
                    " in it, but the delimiter is " + std::string(DelimiterWord(delimiter_)) +
                    "; say --delimiter");
  }
}

std::string CsvSource::HeaderName(const Record& record, size_t i) const {
  if (record.fields[i].malformed) {
    throw DataError("line " + std::to_string(record.line) + ": the name of column " +
                    std::to_string(i + 1) +
                    " has a quote that neither opens nor closes it; double it, in quotes");
  }
  FieldValue value = record.FieldAt(i);
  if (value.text.empty()) {
    throw DataError("line " + std::to_string(record.line) + ": column " + std::to_string(i + 1) +
                    " has no name; name every column, or say --no-header where the first line is "
                    "a row");
  }
  return std::move(value.text);
}

ColumnNames CsvSource::NamesFromHeader(const Record& record) const {
  ColumnNames names;
  for (size_t i = 0; i < record.num_fields(); ++i) {
    std::string name = HeaderName(record, i);
    const std::optional<size_t> other = names.Find(name);
    if (other.has_value()) {
      throw DataError("line " + std::to_string(record.line) + ": columns " +
                      std::to_string(*other + 1) + " and " + std::to_string(i + 1) +
                      " have the same name; name them differently, or say --no-header where the "
                      "first line is a row");
    }
    names.Add(std::move(name));
  }
  return names;
}

}  // namespace rowmill
