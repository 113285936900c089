// Answers a question from a passage: the model writes a few words, greedily, up to the end of a
// line. Column: `answer`.
//
// What it is not: retrieval (tasks/answer_passages.h puts the passages of a collection into the
// context), or multiple choice (tasks/answer_choices.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/generate.h"
#include "tasks/task.h"

namespace rowmill {

struct AnswerOptions {
  PromptOptions prompt;  // text_column: the question's; `prompt`: in place of the built-in one
  std::string context_column;
  uint32_t max_tokens = 32;
};

class AnswerTask final : public OneInputTask {
 public:
  // Throws UsageError and ModelError as GenerateTask.
  AnswerTask(const TaskModel& model, const AnswerOptions& options);

  std::string_view name() const override { return "answer"; }
  const std::vector<std::string>& input_columns() const override {
    return generate_.input_columns();
  }
  void CheckColumns(const ColumnNames& columns) const override { generate_.CheckColumns(columns); }
  // A row without a question is invalid, even where it has a passage.
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override;
  const DecodeSpec& decode_spec() const override { return generate_.decode_spec(); }
  size_t max_prompt_tokens() const override { return generate_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  // The answer without the white space around it.
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;
  std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& gold_column) const override;

 private:
  GenerateTask generate_;
  std::vector<std::string> columns_ = {"answer"};
};

// Makes `input` invalid where the question (the prompt's text column) is blank. `scratch` is as
// PromptRows::Prepare has left it.
void RequireQuestion(const PromptEncoder& encoder, const PrepareScratch& scratch,
                     ModelInput& input);

// `{{column}}` of a prompt template.
std::string Placeholder(const std::string& column);

}  // namespace rowmill
