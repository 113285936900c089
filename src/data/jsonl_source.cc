#include "data/jsonl_source.h"

#include <utility>

#include "data/utf8.h"

namespace rowmill {
namespace {

constexpr size_t kMaxRememberedNames = 16'384;
constexpr size_t kMaxRememberedBytes = size_t{4} << 20;
constexpr std::string_view kPrefix = "rowmill_";

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

JsonlSource::JsonlSource(std::unique_ptr<InputStream> stream, const SourceOptions& options)
    : Source(Format::kJsonl, std::move(stream)),
      max_line_bytes_(options.max_line_bytes),
      limits_(options.json),
      reserved_(options.reserved_names.begin(), options.reserved_names.end()) {
  reserved_.insert({"status", "error"});
  for (const std::string& name : options.known_columns) {
    if (!columns().Find(name).has_value()) RememberColumn(name);
  }
  if (!options.known_columns.empty()) SetColumnsKnown();
}

bool JsonlSource::ReadRecord(Record& record) {
  LineState state;
  while (ReadLine(stream(), max_line_bytes_, record.raw, state)) {
    record.line = line_++;
    record.offset = state.offset;
    if (state.is_too_long) {
      record.problem =
          "line size: longer than the limit of " + std::to_string(max_line_bytes_) + " bytes";
      return true;
    }
    if (IsBlank(record.raw)) continue;
    Examine(record, state);
    return true;
  }
  return false;
}

void JsonlSource::Examine(Record& record, const LineState& line) {
  const bool utf8_repaired = RepairUtf8(record.raw);
  ScanJsonObject(record, limits_);
  record.repaired = record.repaired || utf8_repaired;
  if (record.is_object) {
    RememberColumns(record);
  } else if (!line.is_terminated) {
    // The writer was stopped in the middle of the line, or is still at it.
    record.problem = "the last line is torn: it ends without a line end and is no whole object";
  }
}

void JsonlSource::RememberColumns(const Record& record) {
  const std::string_view raw = record.raw;
  last_names_.resize(std::max(last_names_.size(), record.fields.size()));
  for (size_t i = 0; i < record.fields.size(); ++i) {
    const FieldSpan& field = record.fields[i];
    const std::string_view written = raw.substr(field.name_begin, field.name_size);
    if (written == last_names_[i] && !written.empty()) continue;
    last_names_[i] = written;
    std::string name = record.FieldName(i);
    if (columns().Find(name).has_value()) continue;
    const bool fits = columns().size() < kMaxRememberedNames &&
                      remembered_bytes_ + name.size() <= kMaxRememberedBytes;
    if (!fits) SetColumnsOverflowed();
    if (fits || IsReserved(name)) {
      remembered_bytes_ += name.size();
      RememberColumn(std::move(name));
    }
  }
}

// Few names qualify whatever the input holds: as many as there are reserved ones, times the eight
// prefixes that ResolveOutputSchema would try.
bool JsonlSource::IsReserved(std::string_view name) const {
  for (int i = 0; i <= 8; ++i) {
    if (reserved_.contains(name)) return true;
    if (!name.starts_with(kPrefix)) return false;
    name.remove_prefix(kPrefix.size());
  }
  return false;
}

}  // namespace rowmill
