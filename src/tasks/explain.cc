#include "tasks/explain.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/real_math.h"
#include "data/json_text.h"
#include "tasks/classify.h"

namespace rowmill {
namespace {

// What is left out one at a time: words, or runs of words where there are too many of them.
std::vector<ExplainedPart> FindParts(const std::vector<std::string>& values) {
  std::vector<ExplainedPart> words;
  for (size_t value = 0; value < values.size(); ++value) {
    for (const WordSpan span : FindWords(values[value])) words.push_back({value, span, 0.0});
  }
  if (words.size() <= kMaxExplainedParts) return words;
  std::vector<ExplainedPart> runs;
  for (size_t run = 0; run < kMaxExplainedParts; ++run) {
    const size_t end = (run + 1) * words.size() / kMaxExplainedParts;
    for (size_t i = run * words.size() / kMaxExplainedParts; i < end; ++i) {
      const bool goes_on =
          i > run * words.size() / kMaxExplainedParts && runs.back().value == words[i].value;
      if (goes_on) {
        runs.back().span.end = words[i].span.end;
      } else {
        runs.push_back(words[i]);
      }
    }
  }
  return runs;
}

// The text without the part and the white space in front of it, or behind it at the beginning.
std::string Without(std::string_view text, WordSpan part) {
  const std::string_view before = text.substr(0, part.begin);
  const std::string_view after = text.substr(part.end);
  const std::vector<WordSpan> words_before = FindWords(before);
  if (!words_before.empty()) {
    return std::string(before.substr(0, words_before.back().end)) + std::string(after);
  }
  const std::vector<WordSpan> words_after = FindWords(after);
  return std::string(before) +
         std::string(words_after.empty() ? std::string_view() : after.substr(words_after[0].begin));
}

bool IsAnswered(const RowAnswer& row) {
  return std::all_of(row.results.begin(), row.results.end(),
                     [](const RowResult& result) { return IsFine(result.status); });
}

}  // namespace

double LogOdds(std::span<const double> scores, size_t label) {
  CHECK(scores.size() >= 2 && label < scores.size());
  std::vector<double> others(scores.begin(), scores.end());
  others.erase(others.begin() + static_cast<ptrdiff_t>(label));
  const double largest = others[IndexOfLargest(others)];
  double sum = 0.0;
  for (const double score : others) {
    const double difference = score == largest ? 0.0 : score - largest;
    sum += difference < -700.0 ? 0.0 : RealExp(difference);
  }
  return scores[label] - (largest + RealLog(sum));
}

ExplainTask::ExplainTask(std::unique_ptr<LabelTask> task)
    : task_(std::move(task)), columns_(task_->columns()) {
  if (task_->labels().size() < 2) {
    throw UsageError("--explain needs at least two labels: it says what spoke for one of them.");
  }
  columns_.push_back("explanation");
}

void ExplainTask::PrepareRow(const Record& record, PrepareScratch& scratch,
                             ModelInputs& inputs) const {
  inputs.Clear();
  const PromptRows& rows = task_->prompt_rows();
  rows.Prepare(record, scratch, inputs.Add());
  if (!inputs[0].error.empty()) return;
  const RowStatus status = inputs[0].status;
  for (const ExplainedPart& part : FindParts(scratch.values)) {
    std::string text = scratch.values[part.value];
    scratch.values[part.value].swap(text);
    scratch.values[part.value] = Without(text, part.span);
    ModelInput& input = inputs.Add();
    rows.PrepareValues(scratch, input);
    if (input.error.empty()) input.status = status;
    scratch.values[part.value].swap(text);
  }
}

Explanation ExplainTask::Explain(const RowAnswer& row) const {
  Explanation explanation;
  if (!IsAnswered(row)) return explanation;
  PrepareScratch scratch;
  scratch.tokenizer = TokenizerScratch(TokenizerScratch::Cache::kOff);
  ModelInput input;
  task_->prompt_rows().Prepare(row.record, scratch, input);
  explanation.values = std::move(scratch.values);
  explanation.parts = FindParts(explanation.values);
  CHECK(row.results.size() == explanation.parts.size() + 1);
  const std::vector<double> scores = task_->LabelScores(row.results[0]);
  const size_t label = IndexOfLargest(scores);
  const double whole = LogOdds(scores, label);
  for (size_t i = 0; i < explanation.parts.size(); ++i) {
    explanation.parts[i].contribution =
        whole - LogOdds(task_->LabelScores(row.results[i + 1]), label);
  }
  return explanation;
}

std::vector<CellKind> ExplainTask::column_kinds() const {
  std::vector<CellKind> kinds = task_->column_kinds();
  kinds.push_back(CellKind::kText);
  return kinds;
}

void ExplainTask::OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const {
  if (!IsAnswered(row)) {
    cells.assign(columns_.size(), std::monostate());
    return;
  }
  task_->Output(row.results.front(), cells);
  const Explanation explanation = Explain(row);
  std::string json = "[";
  for (const ExplainedPart& part : explanation.parts) {
    if (json.size() > 1) json += ", ";
    json += '[';
    const std::string_view text = explanation.values[part.value];
    AppendJsonString(text.substr(part.span.begin, part.span.end - part.span.begin), json);
    json += ", ";
    AppendJsonNumber(part.contribution, json);
    json += ']';
  }
  cells.push_back(JsonText{json + "]"});
}

std::vector<std::pair<std::string, std::string>> ExplainTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = task_->FingerprintEntries();
  entries.emplace_back("explain", "words, at most " + std::to_string(kMaxExplainedParts));
  return entries;
}

}  // namespace rowmill
