#include "data/csv_parser.h"

#include "base/check.h"

namespace rowmill {

CsvParser::CsvParser(const CsvDialect& dialect, const CsvLimits& limits)
    : dialect_(dialect), limits_(limits) {
  stops_[static_cast<uint8_t>('\n')] = true;
  stops_[static_cast<uint8_t>('\r')] = true;
  stops_[static_cast<uint8_t>(dialect.delimiter)] = true;
  if (dialect.has_quotes) stops_[static_cast<uint8_t>('"')] = true;
}

void CsvParser::Begin(Record& record) {
  record_ = &record;
  state_ = CsvRecordState();
  place_ = Place::kFieldStart;
  done_ = false;
  previous_cr_ = false;
  field_ = FieldSpan();
  field_bytes_ = 0;
}

size_t CsvParser::Feed(std::string_view bytes) {
  CHECK(record_ != nullptr && !done_);
  size_t i = 0;
  while (i < bytes.size() && !done_) {
    switch (place_) {
      case Place::kFieldStart:
        i = FeedFieldStart(bytes, i);
        break;
      case Place::kPlain:
        i = FeedPlain(bytes, i);
        break;
      case Place::kQuoted:
        i = FeedQuoted(bytes, i);
        break;
      case Place::kQuoteSeen:
        i = FeedQuoteSeen(bytes, i);
        break;
    }
  }
  return i;
}

size_t CsvParser::FeedFieldStart(std::string_view bytes, size_t i) {
  field_.begin = record_->raw.size();
  if (dialect_.has_quotes && bytes[i] == '"') {
    field_.encoded = true;
    state_.quote_line = state_.num_lines;
    Keep(bytes.substr(i, 1));
    place_ = Place::kQuoted;
    previous_cr_ = false;
    return i + 1;
  }
  place_ = Place::kPlain;
  return FeedPlain(bytes, i);
}

size_t CsvParser::FeedPlain(std::string_view bytes, size_t i) {
  size_t end = i;
  while (end < bytes.size() && !stops_[static_cast<uint8_t>(bytes[end])]) ++end;
  Keep(bytes.substr(i, end - i));
  if (end == bytes.size()) return end;
  const char c = bytes[end];
  if (c == dialect_.delimiter) {
    EndField();
  } else if (c == '"') {
    MarkMalformed();
    Keep(bytes.substr(end, 1));
  } else {
    EndRecord(c);
  }
  return end + 1;
}

size_t CsvParser::FeedQuoted(std::string_view bytes, size_t i) {
  const size_t quote = bytes.find('"', i);
  const size_t end = quote == std::string_view::npos ? bytes.size() : quote;
  const std::string_view text = bytes.substr(i, end - i);
  CountLines(text);
  if (quote == std::string_view::npos) {
    Keep(text);
    return end;
  }
  previous_cr_ = false;
  Keep(bytes.substr(i, end + 1 - i));
  place_ = Place::kQuoteSeen;
  return end + 1;
}

size_t CsvParser::FeedQuoteSeen(std::string_view bytes, size_t i) {
  const char c = bytes[i];
  if (c == '"') {
    Keep(bytes.substr(i, 1));
    place_ = Place::kQuoted;
    return i + 1;
  }
  place_ = Place::kPlain;
  if (c != dialect_.delimiter && c != '\n' && c != '\r') MarkMalformed();
  return FeedPlain(bytes, i);
}

bool CsvParser::Finish() {
  CHECK(record_ != nullptr && !done_);
  if (!HasBytes()) return false;
  if (place_ == Place::kFieldStart) field_.begin = record_->raw.size();
  EndField();
  done_ = true;
  return true;
}

void CsvParser::Keep(std::string_view bytes) {
  field_bytes_ += bytes.size();
  if (field_bytes_ > limits_.max_field_bytes) state_.field_too_long = true;
  if (record_->raw.size() + bytes.size() > limits_.max_record_bytes) state_.record_too_long = true;
  if (!state_.over_limit()) {
    record_->raw.append(bytes);
    return;
  }
  record_->raw.clear();
  record_->fields.clear();
}

void CsvParser::MarkMalformed() {
  field_.malformed = true;
  field_.encoded = false;  // There is no text behind such bytes; they stand for themselves.
  if (state_.malformed_field == 0) state_.malformed_field = state_.num_fields + 1;
}

// LF, CR and CRLF are one line end each, also where a piece ends between CR and LF.
void CsvParser::CountLines(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\r' || (c == '\n' && !previous_cr_)) ++state_.num_lines;
    previous_cr_ = c == '\r';
  }
}

void CsvParser::EndField() {
  ++state_.num_fields;
  if (state_.num_fields > limits_.max_columns) {
    state_.too_many_columns = true;
    Keep({});
  }
  if (in_quotes()) field_.encoded = false;
  if (!state_.over_limit()) {
    field_.size = record_->raw.size() - field_.begin;
    record_->fields.push_back(field_);
  }
  // An unclosed quote must stay visible to in_quotes() at the end of the file.
  if (!in_quotes()) place_ = Place::kFieldStart;
  field_ = FieldSpan();
  field_bytes_ = 0;
}

void CsvParser::EndRecord(char line_end) {
  state_.is_blank = !HasBytes();
  EndField();
  state_.is_terminated = true;
  state_.ended_with_cr = line_end == '\r';
  ++state_.num_lines;
  done_ = true;
}

}  // namespace rowmill
