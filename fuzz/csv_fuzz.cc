// Fuzzes the CSV reader: any bytes give rows or damage, the same ones for any cut into pieces; the
// CSV that is written from them is well-formed, has the same rows and keeps every sound field; the
// JSONL is JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/sink.h"
#include "data/source.h"
#include "data/utf8.h"

namespace {

using namespace rowmill;  // NOLINT(google-build-using-namespace)

void Require(bool condition) {
  if (!condition) std::abort();
}

std::unique_ptr<Source> OpenOrThrow(std::string_view bytes, const SourceOptions& options,
                                    size_t chunk) {
  return MakeSource(
      std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(bytes, chunk), "'fuzz'"),
      options);
}

std::unique_ptr<Source> Open(std::string_view bytes, const SourceOptions& options, size_t chunk) {
  try {
    return OpenOrThrow(bytes, options, chunk);
  } catch (const DataError&) {
    return nullptr;  // UTF-16, a foreign format, or a header without names.
  }
}

std::string Write(Source& source, Format format) {
  std::string out;
  StringByteSink bytes(out);
  const std::vector<std::string> columns = {"label"};
  const auto sink =
      MakeSink({.format = format}, ResolveOutputSchema(source.columns().names(), columns), bytes);
  source.Rewind();
  Record record;
  const std::vector<Cell> cells = {std::string("x\n\",")};
  while (source.Next(record)) sink->Write(record, {cells, RowStatus::kOk, record.problem});
  sink->Finish();
  return out;
}

// The written CSV, read again next to the input.
void CompareCsv(Source& source, std::string_view csv) {
  SourceOptions options;
  options.format = Format::kCsv;
  std::unique_ptr<Source> again;
  try {
    again = OpenOrThrow(csv, options, SIZE_MAX);
  } catch (const DataError& error) {
    // The first name may look like the first bytes of another format.
    Require(std::string_view(error.what()).find("convert it first") != std::string_view::npos);
    return;
  }
  source.Rewind();
  Record record;
  Record written;
  while (source.Next(record)) {
    Require(again->Next(written) && written.problem.empty());
    for (size_t i = 0; i < record.num_fields(); ++i) {
      std::string before;
      std::string after;
      record.AppendFieldBytes(i, before);
      written.AppendFieldBytes(i, after);
      Require(before == after);
      Require(IsCleanUtf8(record.FieldAt(i).text));
    }
  }
  Require(!again->Next(written) && !again->damage().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t setup = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  SourceOptions options;
  options.format = (setup & 1) != 0 ? Format::kTsv : Format::kCsv;
  options.has_quotes = (setup & 2) == 0;
  options.header = (setup & 4) != 0 ? HeaderMode::kNone : HeaderMode::kFirstRow;
  if ((setup & 8) != 0) {
    options.csv = {.max_field_bytes = 16, .max_record_bytes = 40, .max_columns = 4};
  }
  const std::unique_ptr<Source> whole = Open(bytes, options, SIZE_MAX);
  const std::unique_ptr<Source> pieces = Open(bytes, options, size_t{1} + (setup >> 4));
  Require((whole == nullptr) == (pieces == nullptr));
  if (whole == nullptr) return 0;
  Record record;
  Record other;
  while (whole->Next(record)) {
    Require(pieces->Next(other));
    Require(record.raw == other.raw && record.problem == other.problem);
    Require(record.line == other.line && record.offset == other.offset);
    Require(record.num_fields() == other.num_fields());
    Require(record.num_fields() <= whole->columns().size());
  }
  Require(!pieces->Next(other));
  Require(whole->damage() == pieces->damage());
  CompareCsv(*whole, Write(*whole, Format::kCsv));

  const std::string jsonl = Write(*whole, Format::kJsonl);
  uint64_t num_lines = 0;
  for (size_t begin = 0; begin < jsonl.size(); ++num_lines) {
    const size_t end = jsonl.find('\n', begin);
    Require(nlohmann::json::accept(jsonl.substr(begin, end - begin)));
    begin = end + 1;
  }
  Require(num_lines == whole->num_rows());
  return 0;
}
