// Puts each row into one of several classes by scoring the label texts: the model is never asked to
// write, so there is no answer outside the set. A label's score is the log-probability of its
// tokens after the prompt (decode/label_trie.h); `probability` is the softmax of the scores over
// the labels.
//
// Scores may be normalised first:
//   none    as they are;
//   tokens  divided by the number of tokens that were scored, so that long labels are not at a
//   disadvantage; prior   less the label's score for the same prompt with "N/A" in place of the
//   row's values: contextual
//           calibration, Zhao et al., "Calibrate Before Use", arXiv:2102.09690 (its diagonal W, in
//           logs).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/label_task.h"
#include "tasks/labels.h"
#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

enum class LabelNorm : uint8_t { kNone, kTokens, kPrior };

struct ClassifyOptions {
  PromptOptions prompt;
  std::vector<Label> labels;
  LabelEnd label_end = LabelEnd::kAuto;
  LabelNorm label_norm = LabelNorm::kNone;
  bool probabilities = false;  // --probabilities: a column `probability_LABEL` for each label
  bool log_probs = false;  // --log-probs: a column `log_probs`, a list in the order of the labels
};

class ClassifyTask : public LabelTask {
 public:
  // Throws UsageError where labels, prompt or options do not go together, ModelError where the chat
  // template refuses the prompt.
  ClassifyTask(const TaskModel& model, const ClassifyOptions& options);

  std::string_view name() const override { return name_; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override {
    rows_.Prepare(record, scratch, input);
  }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override;
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::span<const std::string> labels() const override { return label_names_; }
  std::optional<size_t> PredictedLabel(const RowResult& result) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;
  std::vector<std::vector<int32_t>> CalibrationPrompts() const override;
  void SetCalibration(std::span<const std::vector<double>> label_log_probs) override;

  // Normalised.
  std::vector<double> LabelScores(const RowResult& result) const override;
  const PromptRows& prompt_rows() const override { return rows_; }

  // The softmax over the labels of the normalised scores; empty where the row has no answer.
  std::vector<double> Probabilities(const RowResult& result) const;
  const LabelTokens& label_tokens() const { return label_tokens_; }
  const PromptEncoder& prompt_encoder() const { return rows_.encoder(); }

 protected:
  ClassifyTask(std::string_view name, const TaskModel& model, const ClassifyOptions& options,
               const BuiltinPrompt& builtin);

 private:
  std::vector<double> NormalisedScores(const RowResult& result) const;

  std::string name_;
  ClassifyOptions options_;
  std::vector<std::string> label_names_;
  LabelTokens label_tokens_;
  PromptRows rows_;
  DecodeSpec decode_spec_;
  std::vector<std::string> columns_;
  std::vector<double> prior_;  // [labels], kPrior
};

// The index of the largest value, the first of equals; values are no NaN and there is at least one.
size_t IndexOfLargest(std::span<const double> values);
// exp(x - log(sum of exp)) by base/real_math.h, the largest first taken off. Where all are
// -infinity all are equally likely.
std::vector<double> Softmax(std::span<const double> scores);

}  // namespace rowmill
