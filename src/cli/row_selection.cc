#include "cli/row_selection.h"

#include <algorithm>

#include "report/escape.h"

namespace rowmill {
namespace {

constexpr size_t kMaxCharacters = 400;

std::optional<size_t> ColumnOf(const Task& task, const char* name) {
  const auto& columns = task.columns();
  const auto it = std::find(columns.begin(), columns.end(), name);
  if (it == columns.end()) return std::nullopt;
  return static_cast<size_t>(it - columns.begin());
}

// Whether `a` should be shown before `b`.
bool IsMoreTelling(const ReportedRow& a, const ReportedRow& b) {
  if (a.probability != b.probability) {
    const bool wrong = a.reason == ReportedRow::Reason::kWrong;
    return wrong ? a.probability > b.probability : a.probability < b.probability;
  }
  return a.row < b.row;
}

}  // namespace

RowSelection::RowSelection(const Task& task, const std::optional<std::string>& gold_column,
                           const Redactor* redactor)
    : task_(task),
      gold_column_(gold_column),
      redactor_(redactor),
      label_(ColumnOf(task, "label")),
      probability_(ColumnOf(task, "probability")) {}

std::string RowSelection::TextOf(const Record& record) const {
  std::string text;
  for (const std::string& column : task_.input_columns()) {
    std::string value = record.Field(column).value_or(FieldValue{}).text;
    // As a whole: a value that is cut in two could not be found any more.
    RedactCounts ignored;
    if (redactor_ != nullptr) redactor_->Redact(value, ignored);
    if (!text.empty()) text += " | ";
    text += value;
  }
  return Shortened(text, kMaxCharacters);
}

void RowSelection::Add(const RowAnswer& row, const OutputRow& output) {
  if (!label_ || !probability_ || output.cells.size() <= std::max(*label_, *probability_)) return;
  const auto* label = std::get_if<std::string>(&output.cells[*label_]);
  const auto* probability = std::get_if<double>(&output.cells[*probability_]);
  if (label == nullptr || probability == nullptr) return;
  ReportedRow shown;
  shown.row = row.record.index;
  shown.line = row.record.line;
  shown.answer = *label;
  shown.probability = *probability;
  bool is_wrong = false;
  if (gold_column_) {
    shown.gold = row.record.Field(*gold_column_).value_or(FieldValue{}).text;
    is_wrong = shown.gold != *label;
  }
  const auto keep = [&](std::vector<ReportedRow>& rows, ReportedRow::Reason reason) {
    shown.reason = reason;
    if (rows.size() == kKept && !IsMoreTelling(shown, rows.back())) return;
    if (shown.text.empty()) shown.text = TextOf(row.record);
    Keep(rows, shown);
  };
  if (is_wrong) keep(wrong_, ReportedRow::Reason::kWrong);
  keep(uncertain_, ReportedRow::Reason::kUncertain);
}

void RowSelection::Keep(std::vector<ReportedRow>& rows, ReportedRow row) const {
  const auto at = std::upper_bound(rows.begin(), rows.end(), row, IsMoreTelling);
  rows.insert(at, std::move(row));
  if (rows.size() > kKept) rows.pop_back();
}

std::vector<ReportedRow> RowSelection::Rows() const {
  std::vector<ReportedRow> rows = wrong_;
  rows.insert(rows.end(), uncertain_.begin(), uncertain_.end());
  return rows;
}

}  // namespace rowmill
