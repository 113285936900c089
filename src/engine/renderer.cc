#include "engine/renderer.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {

Renderer::Renderer(Source& source, Sink& sink, const Task& task, const Plan& plan,
                   ResultStore& results, const std::optional<std::string>& gold_column)
    : source_(source),
      sink_(sink),
      task_(task),
      plan_(plan),
      results_(results),
      gold_column_(gold_column) {
  counts_.measure = task.MakeGoldMeasure(gold_column);
  if (gold_column_ && !task.labels().empty()) {
    counts_.gold.emplace(task.labels().size());
    const auto& columns = task.columns();
    const auto it = std::find(columns.begin(), columns.end(), "probability");
    if (it != columns.end()) probability_column_ = static_cast<size_t>(it - columns.begin());
  }
}

bool Renderer::HasResults(uint64_t row) const {
  const uint64_t first = plan_.inputs.FirstInput(row);
  for (uint64_t i = 0; i < plan_.inputs.NumInputs(row); ++i) {
    if (!HasResult(first + i)) return false;
  }
  return true;
}

bool Renderer::HasResult(uint64_t input) const {
  return results_.Has(input) || results_.Has(plan_.rows[input].representative);
}

RowResult Renderer::ResultOf(uint64_t input) {
  RowResult result;
  if (!HasResult(input)) {
    result.status = RowStatus::kSkipped;
    result.error = "not run: the job was stopped early";
    return result;
  }
  const RowEntry& entry = plan_.rows[input];
  result = results_.Get(results_.Has(input) ? input : entry.representative).result;
  // A duplicate shares its representative's answer, not the way its own prompt came about: one of
  // the two may have been cut to the context.
  if (IsFine(result.status)) result.status = entry.status;
  return result;
}

bool Renderer::NextRecord() {
  if (has_record_) return true;
  if (at_end_) return false;
  do {
    if (!source_.Next(record_)) {
      at_end_ = true;
      return false;
    }
  } while (record_.index < plan_.inputs.first_row());
  has_record_ = record_.index < plan_.inputs.end_row();
  at_end_ = !has_record_;
  return has_record_;
}

void Renderer::WriteAvailable() {
  while (NextRecord() && HasResults(record_.index)) WriteRow();
  sink_.Flush();
}

void Renderer::WriteAll() {
  while (NextRecord()) WriteRow();
  CHECK(counts_.rows == plan_.inputs.num_rows());
}

void Renderer::WriteRow() {
  const uint64_t row = record_.index;
  has_record_ = false;
  row_results_.clear();
  const uint64_t first = plan_.inputs.FirstInput(row);
  for (uint64_t i = 0; i < plan_.inputs.NumInputs(row); ++i) {
    row_results_.push_back(ResultOf(first + i));
  }
  const RowResult& result = DecidingResult(row_results_);
  const RowAnswer answer = {record_, row_results_};
  task_.OutputRow(answer, cells_);
  if (redactor_ != nullptr && task_.labels().empty()) RedactCells();
  const OutputRow written = {cells_, result.status, result.error};
  sink_.Write(record_, written);
  if (on_row_) on_row_(answer, written);
  ++counts_.rows;
  ++counts_.rows_by_status[static_cast<size_t>(result.status)];
  const bool failed = result.status == RowStatus::kInvalid || result.status == RowStatus::kError;
  if (failed) CountFailure(result);
  if (failed && !counts_.first_failure) {
    counts_.first_failure = {row, record_.line, result.error,
                             record_.file != nullptr ? *record_.file : ""};
  }
  if (counts_.gold) CountGold(answer);
  if (counts_.measure != nullptr) counts_.measure->Add(record_, cells_);
}

void Renderer::CountFailure(const RowResult& result) {
  // Reasons are ours and few; the limit is for what an exotic chat template may say.
  constexpr size_t kMaxKinds = 100;
  std::string error;
  for (const char c : result.error) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) {
      error += c;
    } else if (error.empty() || error.back() != 'N') {
      error += 'N';
    }
  }
  for (FailureKind& kind : counts_.failures) {
    if (kind.status == result.status && kind.error == error) {
      ++kind.rows;
      return;
    }
  }
  if (counts_.failures.size() < kMaxKinds) {
    counts_.failures.push_back({result.status, std::move(error), 1});
  }
}

void Renderer::RedactCells() {
  bool is_redacted = false;
  for (Cell& cell : cells_) {
    auto* text = std::get_if<std::string>(&cell);
    if (text != nullptr && redactor_->Redact(*text, counts_.redacted)) is_redacted = true;
  }
  counts_.redacted.rows += is_redacted;
}

void Renderer::CountGold(const RowAnswer& row) {
  const std::optional<FieldValue> value = record_.Field(*gold_column_);
  Judgement judgement;
  if (value) {
    if (const std::optional<size_t> gold = task_.GoldLabel(record_, value->text)) {
      judgement.gold = static_cast<uint32_t>(*gold);
    }
  }
  if (const std::optional<size_t> predicted = task_.PredictedLabelOf(row)) {
    judgement.predicted = static_cast<uint32_t>(*predicted);
    if (probability_column_) {
      if (const auto* cell = std::get_if<double>(&cells_[*probability_column_]))
        judgement.confidence = *cell;
    }
  }
  counts_.gold->Add(judgement);
}

}  // namespace rowmill
