// Why a row got its label: what each word of its text contributes, by occlusion. The row is asked
// about whole, and once more without each of its words; the contribution of a word is
//
//   log-odds(label | whole text) - log-odds(label | text without the word)
//
// for the label that the whole text got, log-odds being log(p / (1 - p)) of its probability. So a
// word that speaks for the label has a positive number, in nats, and one that speaks against it a
// negative one. (Zeiler and Fergus, arXiv:1311.2901, of images; Li, Monroe and Jurafsky,
// arXiv:1612.08220, of words.)
//
// Wraps a task that gives labels, whose other columns stay as they are, and adds the column
// `explanation`: a JSON list of [word, contribution] in the order of the text. All texts of a row
// are inputs of the job like others: they share the prompt's beginning and each other's.
//
// What it is not: a sum that adds up. Words of one meaning stand in for each other, so that each
// alone may contribute little.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/label_task.h"
#include "text/words.h"

namespace rowmill {

// A text of more words than this is explained by runs of words, as even as can be, so that a long
// row costs no more than so many inputs.
inline constexpr size_t kMaxExplainedParts = 128;

// Of the row's text, or of one of its texts where the prompt has several columns.
struct ExplainedPart {
  size_t value = 0;  // which of the row's texts
  WordSpan span;
  double contribution = 0.0;
};

struct Explanation {
  std::vector<std::string> values;  // the row's texts, as the model read them
  std::vector<ExplainedPart> parts;
};

class ExplainTask final : public Task {
 public:
  // Throws UsageError where the task has fewer than two labels.
  explicit ExplainTask(std::unique_ptr<LabelTask> task);

  std::string_view name() const override { return task_->name(); }
  const std::vector<std::string>& input_columns() const override { return task_->input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { task_->CheckColumns(columns); }
  void PrepareRow(const Record& record, PrepareScratch& scratch,
                  ModelInputs& inputs) const override;
  const DecodeSpec& decode_spec() const override { return task_->decode_spec(); }
  size_t max_prompt_tokens() const override { return task_->max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override;
  void OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const override;
  std::span<const std::string> labels() const override { return task_->labels(); }
  std::optional<size_t> PredictedLabelOf(const RowAnswer& row) const override {
    return task_->PredictedLabel(row.results.front());
  }
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;
  std::vector<std::vector<int32_t>> CalibrationPrompts() const override {
    return task_->CalibrationPrompts();
  }
  void SetCalibration(std::span<const std::vector<double>> label_log_probs) override {
    task_->SetCalibration(label_log_probs);
  }

  // Empty where the row has no answer.
  Explanation Explain(const RowAnswer& row) const;

 private:
  std::unique_ptr<LabelTask> task_;
  std::vector<std::string> columns_;
};

// log(p / (1 - p)) of `label` where p is the softmax of the scores: its score less the logarithm of
// the sum of the others' exponentials. There are at least two.
double LogOdds(std::span<const double> scores, size_t label);

}  // namespace rowmill
