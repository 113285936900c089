#include "recommend/items_reader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr uint64_t kStopRows = 4096;

void RequireColumns(const ColumnNames& names, const ItemColumns& columns) {
  RequireColumn(names, columns.item, "--item (in --items)");
  for (const std::string& text : columns.text) RequireColumn(names, text, "--item-text");
  if (!columns.title.empty()) RequireColumn(names, columns.title, "--item-title");
}

// The value as words: lists of strings without their brackets, nothing for null.
std::string Words(const FieldValue& value) {
  if (value.kind == FieldKind::kNull) return "";
  if (value.kind != FieldKind::kArray && value.kind != FieldKind::kObject) return value.text;
  std::string words;
  for (const char c : value.text) {
    if (c != '[' && c != ']' && c != '{' && c != '}' && c != '"') words += c;
  }
  return words;
}

void Append(const std::string& words, std::string& text) {
  if (words.empty()) return;
  if (!text.empty()) text += ", ";
  text += words;
}

std::string TextOf(const Record& record, const ItemColumns& columns) {
  std::string text;
  if (columns.text.empty()) {
    for (size_t i = 0; i < record.num_fields(); ++i) {
      if (record.FieldName(i) != columns.item) Append(Words(record.FieldAt(i)), text);
    }
    return text;
  }
  for (const std::string& column : columns.text) {
    const std::optional<FieldValue> value = record.Field(column);
    if (value) Append(Words(*value), text);
  }
  return text;
}

std::string TitleOf(const Record& record, const ItemColumns& columns) {
  std::optional<FieldValue> value;
  if (!columns.title.empty()) {
    value = record.Field(columns.title);
  } else {
    value = record.Field("title");
    if (!value) value = record.Field("name");
  }
  return value ? Words(*value) : "";
}

}  // namespace

ItemTexts ReadItems(Source& source, const ItemColumns& columns, const ReadLimits& limits,
                    NameTable& items) {
  if (source.format() != Format::kJsonl) RequireColumns(source.columns(), columns);
  ItemTexts out;
  const size_t num_rated = items.size();
  std::vector<bool> is_known(num_rated, false);
  out.texts.resize(num_rated);
  out.titles.resize(num_rated);
  Record record;
  while (source.Next(record)) {
    ++out.num_rows;
    if (out.num_rows % kStopRows == 0 && limits.stop_requested && limits.stop_requested()) {
      throw StoppedError("stopped while reading the items");
    }
    const std::optional<FieldValue> name =
        record.problem.empty() ? record.Field(columns.item) : std::nullopt;
    const char* problem = NameProblem(name);
    if (!record.problem.empty() || problem != nullptr) {
      ++out.num_invalid;
      if (!out.first_problem) {
        out.first_problem = {
            record.index, record.line,
            !record.problem.empty() ? record.problem : "column '" + columns.item + "' " + problem};
      }
      continue;
    }
    const uint32_t item = items.Add(name->text);
    if (item == is_known.size()) {
      is_known.push_back(false);
      out.texts.emplace_back();
      out.titles.emplace_back();
    }
    if (is_known[item]) {
      ++out.num_repeated;
      continue;
    }
    is_known[item] = true;
    out.texts[item] = TextOf(record, columns);
    out.titles[item] = TitleOf(record, columns);
  }
  if (source.damage()) throw DataError(*source.damage());
  if (source.format() == Format::kJsonl && source.columns().size() > 0 &&
      !source.columns_overflowed()) {
    RequireColumns(source.columns(), columns);
  }
  out.num_unrated = items.size() - num_rated;
  return out;
}

}  // namespace rowmill
