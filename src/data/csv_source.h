// CSV and TSV (RFC 4180), read by source.h's rules. The lexical part is csv_parser.h.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "data/csv_parser.h"
#include "data/source.h"

namespace rowmill {

class CsvSource final : public Source {
 public:
  // `format` is kCsv or kTsv.
  CsvSource(Format format, std::unique_ptr<InputStream> input, const SourceOptions& options);

 protected:
  bool ReadRecord(Record& record) override;
  void Restart() override;

 private:
  // One record, blank lines included. False at the end.
  bool ReadRaw(Record& record);
  // The first record that is not blank, or false where there is none.
  bool ReadFirst(Record& record);
  ColumnNames NamesFromHeader(const Record& record) const;
  std::string HeaderName(const Record& record, size_t i) const;
  void CheckDelimiter(const Record& record) const;
  void Examine(Record& record) const;

  SourceOptions options_;
  char delimiter_;
  CsvParser parser_;
  bool skip_lf_ = false;         // the record before ended with CR
  std::optional<Record> first_;  // without header: the row that told the number of columns
};

}  // namespace rowmill
