// Multiple choice: of several texts in columns of the row, the one that the model finds likeliest
// behind the question. Nothing is written: each choice's log-likelihood is the sum of the
// log-probabilities of its tokens.
//
// A row is one model input per choice, which share the question (and what the choices begin with).
// Sums favour short choices; they may be divided by the number of the choice's tokens or bytes.
//
// Columns: `answer`, the text of the choice as the model read it; `probability`, the softmax of the
// (normalised) sums over the choices; on request `log_probs`, the sums as they are, in the order of
// the columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prep/preprocessor.h"
#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

enum class ChoiceNorm : uint8_t { kNone, kTokens, kBytes };

struct ChoiceOptions {
  PromptOptions prompt;  // text_column: the question's; `prompt`: in place of the built-in one
  std::optional<std::string> context_column;  // a passage in front of the question
  std::vector<std::string> choice_columns;    // at least two
  ChoiceNorm norm = ChoiceNorm::kNone;
  bool log_probs = false;
};

class ChoiceTask final : public Task {
 public:
  // Throws UsageError where choices or prompt do not go together.
  ChoiceTask(const TaskModel& model, const ChoiceOptions& options);

  std::string_view name() const override { return "answer"; }
  const std::vector<std::string>& input_columns() const override { return input_columns_; }
  void CheckColumns(const ColumnNames& columns) const override;
  void PrepareRow(const Record& record, PrepareScratch& scratch,
                  ModelInputs& inputs) const override;
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override;
  void OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const override;
  // The names of the choices' columns.
  std::span<const std::string> labels() const override { return options_.choice_columns; }
  std::optional<size_t> PredictedLabelOf(const RowAnswer& row) const override;
  // The name of a choice's column, its number from 0, or its text.
  std::optional<size_t> GoldLabel(const Record& record, std::string_view gold) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

 private:
  // The cleaned text of a choice; nothing, and the reason in `problem`, where there is none. What
  // is redacted is added to `redacted`.
  std::optional<std::string> ChoiceText(const Record& record, size_t choice, RedactCounts& redacted,
                                        std::string& problem) const;
  // That of a row that was prepared: there is one.
  std::string KnownChoiceText(const Record& record, size_t choice) const;
  std::vector<int32_t> ChoiceTokens(const std::string& text) const;
  std::vector<double> Scores(const RowAnswer& row) const;  // normalised

  ChoiceOptions options_;
  Preprocessor preprocessor_;
  PromptRows rows_;
  DecodeSpec decode_spec_ = ContinuationSpec{};
  std::vector<std::string> input_columns_;
  std::vector<std::string> columns_ = {"answer", "probability"};
};

}  // namespace rowmill
