#include "data/record.h"

#include "base/check.h"
#include "data/csv_text.h"
#include "data/json_text.h"
#include "data/utf8.h"

namespace rowmill {

void Record::Clear(Format new_format) {
  format = new_format;
  raw.clear();
  fields.clear();
  problem.clear();
  is_object = false;
  object_begin = object_end = members_end = 0;
  repaired = false;
}

bool Record::HasName(size_t i, std::string_view name) const {
  const FieldSpan& field = fields[i];
  const std::string_view written = std::string_view(raw).substr(field.name_begin, field.name_size);
  if (!field.name_escaped) return written == name;
  std::string decoded;
  AppendJsonUnescaped(written, decoded);
  return decoded == name;
}

std::optional<size_t> Record::Find(std::string_view name) const {
  if (columns != nullptr) {
    const std::optional<size_t> position = columns->Find(name);
    return position.has_value() && *position < fields.size() ? position : std::nullopt;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (HasName(i, name)) return i;
  }
  return std::nullopt;
}

std::optional<FieldValue> Record::Field(std::string_view name) const {
  const std::optional<size_t> position = Find(name);
  return position.has_value() ? std::optional<FieldValue>(FieldAt(*position)) : std::nullopt;
}

std::string Record::FieldName(size_t i) const {
  if (columns != nullptr) return columns->names()[i];
  const FieldSpan& field = fields[i];
  const std::string_view written = std::string_view(raw).substr(field.name_begin, field.name_size);
  if (!field.name_escaped) return std::string(written);
  std::string decoded;
  AppendJsonUnescaped(written, decoded);
  return decoded;
}

void Record::AppendFieldBytes(size_t i, std::string& out) const {
  DCHECK(format != Format::kJsonl);
  if (fields[i].encoded) {
    AppendCsvUnquoted(RawField(i), out);
  } else {
    out.append(RawField(i));
  }
}

FieldValue Record::FieldAt(size_t i) const {
  const FieldSpan& field = fields[i];
  FieldValue value;
  value.kind = field.kind;
  if (format != Format::kJsonl) {
    AppendFieldBytes(i, value.text);
    value.repaired = RepairUtf8(value.text);
    return value;
  }
  value.repaired = repaired;
  const std::string_view written = RawField(i);
  if (field.kind == FieldKind::kString) {
    AppendJsonUnescaped(written.substr(1, written.size() - 2), value.text);
  } else if (field.kind != FieldKind::kNull) {
    value.text.assign(written);
  }
  return value;
}

}  // namespace rowmill
