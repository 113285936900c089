// Fuzzes the JSONL reader: any bytes give rows or damage, the same ones for any cut into pieces;
// what it takes for an object is one for another parser too; and what is written from the rows is
// JSON.
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

std::unique_ptr<Source> Open(std::string_view bytes, size_t chunk) {
  SourceOptions options;
  options.format = Format::kJsonl;
  options.max_line_bytes = 4096;
  options.json.max_depth = 8;
  options.json.max_members = 16;
  try {
    return MakeSource(
        std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(bytes, chunk), "'fuzz'"),
        options);
  } catch (const DataError&) {
    return nullptr;  // UTF-16 or a foreign format.
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
  const std::vector<Cell> cells = {std::string("x\n\"")};
  while (source.Next(record)) sink->Write(record, {cells, RowStatus::kOk, record.problem});
  sink->Finish();
  return out;
}

void CheckRow(const Record& record) {
  const bool is_json = nlohmann::json::accept(record.raw);
  // The other parser refuses numbers beyond a double, which are JSON all the same.
  if (record.is_object) Require(is_json || !record.problem.empty());
  if (record.problem.starts_with("not valid JSON")) Require(!is_json);
  for (size_t i = 0; i < record.num_fields(); ++i) {
    const FieldValue value = record.FieldAt(i);
    Require(IsCleanUtf8(value.text));
    Require(record.Find(record.FieldName(i)).has_value());
    if (record.problem.empty()) {
      Require(nlohmann::json::parse(record.RawField(i)) ==
              nlohmann::json::parse(record.raw).at(record.FieldName(i)));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t chunk = size_t{1} + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::unique_ptr<Source> whole = Open(bytes, SIZE_MAX);
  const std::unique_ptr<Source> pieces = Open(bytes, chunk);
  Require((whole == nullptr) == (pieces == nullptr));
  if (whole == nullptr) return 0;
  Record record;
  Record other;
  while (whole->Next(record)) {
    Require(pieces->Next(other));
    Require(record.raw == other.raw && record.problem == other.problem);
    Require(record.line == other.line && record.offset == other.offset);
    CheckRow(record);
  }
  Require(!pieces->Next(other));
  const uint64_t num_rows = whole->num_rows();

  const std::string jsonl = Write(*whole, Format::kJsonl);
  uint64_t num_lines = 0;
  for (size_t begin = 0; begin < jsonl.size(); ++num_lines) {
    const size_t end = jsonl.find('\n', begin);
    const nlohmann::json line = nlohmann::json::parse(jsonl.substr(begin, end - begin), nullptr,
                                                      /*allow_exceptions=*/false);
    // Numbers beyond a double are passed on; all else must be readable.
    if (!line.is_discarded()) Require(line.is_object());
    begin = end + 1;
  }
  Require(num_lines == num_rows);

  // A key without a name makes a column without one, which the CSV reader refuses.
  if (whole->columns().Find("").has_value()) return 0;
  SourceOptions options;
  options.format = Format::kCsv;
  const std::string csv = Write(*whole, Format::kCsv);
  std::unique_ptr<Source> again;
  try {
    again = MakeSource(
        std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(csv), "'csv'"), options);
  } catch (const DataError& error) {
    // The first key may look like the first bytes of another format.
    Require(std::string_view(error.what()).find("convert it first") != std::string_view::npos);
    return 0;
  }
  while (again->Next(record)) Require(record.problem.empty());
  Require(again->num_rows() == num_rows && !again->damage().has_value());
  return 0;
}
