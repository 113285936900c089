// CSV and TSV output (RFC 4180, LF line ends), by sink.h's rules. Whatever the input held, the file
// that comes out is well-formed: fields that were not are put into quotes as they stood.
#pragma once

#include <string>

#include "data/sink.h"

namespace rowmill {

class CsvSink final : public Sink {
 public:
  CsvSink(const SinkOptions& options, OutputSchema schema, ByteSink& bytes);

 protected:
  void AppendRow(const Record& record, const OutputRow& row, std::string& out) override;

 private:
  // The bytes of the file where they are a well-formed field, else the same bytes in quotes.
  void AppendInputField(const Record& record, size_t field, std::string& out);
  void AppendOurs(const Cell& cell, std::string& out);

  char delimiter_;
  bool safe_;
  std::string scratch_;
};

}  // namespace rowmill
