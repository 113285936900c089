// A vector for each row, by an encoder: equal meanings lie in equal directions, so that the dot
// product of two vectors is their similarity (they have length 1).
//
// Column: `embedding`, a list of numbers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

// What encoders read where nothing else is asked for: the text as it is.
const BuiltinPrompt& PlainTextPrompt();
// Encoders have no chat templates: what is written around a text ("query: {{text}}") is raw.
PromptOptions EncoderPrompt(const PromptOptions& options);

class EmbedTask final : public OneInputTask {
 public:
  // Throws UsageError where the prompt does not go with an encoder.
  EmbedTask(const TaskModel& model, const PromptOptions& prompt);

  std::string_view name() const override { return "embed"; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override {
    rows_.Prepare(record, scratch, input);
  }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override { return {CellKind::kFloats}; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

 private:
  PromptRows rows_;
  DecodeSpec decode_spec_ = EncodeSpec{};
  std::vector<std::string> columns_ = {"embedding"};
};

}  // namespace rowmill
