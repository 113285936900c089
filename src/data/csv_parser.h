// Splits CSV (RFC 4180) into records and fields, fed with pieces of any size: where the pieces are
// cut changes nothing.
//
// Records end with LF, CRLF or a lone CR outside quotes. Inside quotes all of them, and the
// delimiter, are text. Where the RFC is broken the reading is fixed, so that the beginning of the
// next record never depends on a guess: a quote inside an unquoted field is a plain character, and
// text behind a closing quote belongs to the field up to the next delimiter or line end. Such
// fields are marked malformed.
//
// Beyond the limits a record's bytes are dropped while its structure is still followed, so that one
// runaway quote cannot fill the memory and the record behind is found all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/record.h"

namespace rowmill {

struct CsvDialect {
  char delimiter = ',';
  // False: a quote is a plain character everywhere (TSV files made without quoting).
  bool has_quotes = true;
};

struct CsvLimits {
  size_t max_field_bytes = size_t{16} << 20;
  size_t max_record_bytes = size_t{64} << 20;
  size_t max_columns = 16'384;
};

// What became of a record besides its fields.
struct CsvRecordState {
  size_t num_fields = 0;       // also those beyond the limits, which have no FieldSpan
  bool is_blank = false;       // a line without a single byte
  bool is_terminated = false;  // ended by a line end, not by the end of the file
  bool ended_with_cr = false;  // an LF that follows belongs to this line end
  bool field_too_long = false;
  bool record_too_long = false;
  bool too_many_columns = false;
  size_t malformed_field = 0;  // 1-based number of the first one, 0 for none
  uint64_t num_lines = 0;      // line ends inside and behind the record
  uint64_t quote_line = 0;     // line ends of the record before its last opening quote

  bool over_limit() const { return field_too_long || record_too_long || too_many_columns; }
};

class CsvParser {
 public:
  CsvParser(const CsvDialect& dialect, const CsvLimits& limits);

  // Starts a record, whose bytes and fields go into `record` (already cleared).
  void Begin(Record& record);
  // Takes bytes up to the end of the record, at most all of them; returns how many. done() then
  // says whether the record is complete.
  size_t Feed(std::string_view bytes);
  bool done() const { return done_; }
  // The input has ended. True where a record without line end was under way; it is complete then,
  // unless in_quotes() says that its quote was never closed.
  bool Finish();
  bool in_quotes() const { return place_ == Place::kQuoted; }
  const CsvRecordState& state() const { return state_; }

 private:
  enum class Place : uint8_t {
    kFieldStart,
    kPlain,      // inside an unquoted field, or behind the closing quote of a malformed one
    kQuoted,     // between the quotes
    kQuoteSeen,  // behind a quote inside quotes: the closing one, or the first of a pair
  };

  size_t FeedFieldStart(std::string_view bytes, size_t i);
  size_t FeedPlain(std::string_view bytes, size_t i);
  size_t FeedQuoted(std::string_view bytes, size_t i);
  size_t FeedQuoteSeen(std::string_view bytes, size_t i);
  // Whether anything of the record has been seen.
  bool HasBytes() const { return state_.num_fields > 0 || field_bytes_ > 0; }
  void Keep(std::string_view bytes);
  void MarkMalformed();
  void CountLines(std::string_view bytes);
  void EndField();
  void EndRecord(char line_end);

  CsvDialect dialect_;
  CsvLimits limits_;
  std::array<bool, 256> stops_ = {};  // bytes that end a run of plain characters
  Record* record_ = nullptr;
  CsvRecordState state_;
  Place place_ = Place::kFieldStart;
  bool done_ = false;
  bool previous_cr_ = false;  // inside quotes: the last byte was CR
  FieldSpan field_;
  size_t field_bytes_ = 0;
};

}  // namespace rowmill
