#include "tasks/answer.h"

#include "base/error.h"
#include "prep/clean_text.h"
#include "tasks/answer_scores.h"
#include "text/words.h"

namespace rowmill {
namespace {

// A completion with one passage and two questions for example, also with models that chat, which
// answer by whole sentences: on 100 rows of XQuAD SmolLM2-135M has F1 0.28 with it, 0.10 in a chat
// and 0.06 without the example.
std::string BuiltinText(const AnswerOptions& options) {
  return "Passage: The bridge was opened in 1932 by the mayor, Ann Lee, after six years of "
         "work.\n\n"
         "Question: Who opened the bridge?\nAnswer: Ann Lee\n\n"
         "Question: How long did the work take?\nAnswer: six years\n\n"
         "Passage: " +
         Placeholder(options.context_column) + "\n\nQuestion: {{text}}\nAnswer:";
}

GenerateOptions ToGenerate(const AnswerOptions& options) {
  GenerateOptions generate;
  generate.prompt = options.prompt;
  if (!options.prompt.prompt) {
    generate.prompt.prompt = BuiltinText(options);
    generate.prompt.mode = PromptMode::kRaw;
    generate.prompt.prompt_name = "the prompt of answer";
  }
  generate.max_tokens = options.max_tokens;
  generate.stop = {"\n"};
  return generate;
}

}  // namespace

std::string Placeholder(const std::string& column) {
  if (column.find('}') != std::string::npos || column.empty()) {
    throw UsageError("a column '" + column + "' cannot stand in a prompt; rename it.");
  }
  return "{{" + column + "}}";
}

void RequireQuestion(const PromptEncoder& encoder, const PrepareScratch& scratch,
                     ModelInput& input) {
  if (!input.error.empty()) return;
  for (size_t i = 0; i < encoder.columns().size(); ++i) {
    if (!encoder.columns()[i].is_text || !IsBlankText(scratch.values[i])) continue;
    input.Clear();
    input.status = RowStatus::kInvalid;
    input.error = "column '" + encoder.columns()[i].column + "' is empty";
    return;
  }
}

AnswerTask::AnswerTask(const TaskModel& model, const AnswerOptions& options)
    : generate_(model, ToGenerate(options)) {}

void AnswerTask::Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const {
  generate_.Prepare(record, scratch, input);
  RequireQuestion(generate_.prompt_encoder(), scratch, input);
}

void AnswerTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  generate_.Output(result, cells);
  auto* answer = std::get_if<std::string>(&cells[0]);
  if (answer == nullptr) return;
  const std::vector<WordSpan> words = FindWords(*answer);
  *answer = words.empty() ? "" : answer->substr(words[0].begin, words.back().end - words[0].begin);
}

std::vector<std::pair<std::string, std::string>> AnswerTask::FingerprintEntries() const {
  auto entries = generate_.FingerprintEntries();
  entries.front().second = "answer";
  return entries;
}

std::unique_ptr<GoldMeasure> AnswerTask::MakeGoldMeasure(
    const std::optional<std::string>& gold_column) const {
  if (!gold_column) return nullptr;
  return std::make_unique<AnswerMeasure>(*gold_column);
}

}  // namespace rowmill
