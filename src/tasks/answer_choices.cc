#include "tasks/answer_choices.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/error.h"
#include "prep/clean_text.h"
#include "prep/redact/redactor.h"
#include "tasks/answer.h"
#include "tasks/classify.h"
#include "tasks/labels.h"
#include "text/words.h"

namespace rowmill {
namespace {

// Where a prompt is cut to the context, so much is left free for a choice behind it.
constexpr size_t kChoiceRoom = 64;
constexpr size_t kMaxChoices = 64;

BuiltinPrompt ChoicePrompt(const std::optional<std::string>& context_column) {
  const std::string passage = context_column ? Placeholder(*context_column) + "\n\n" : "";
  // A completion, also with models that chat: in a chat an answer is a sentence about the choice,
  // which says little of how likely the choice itself is.
  return {.chat = passage + "Question: {{text}}",
          .raw = passage + "Question: {{text}}\nAnswer:",
          .preferred = PromptMode::kRaw};
}

void Fail(RowStatus status, std::string error, ModelInputs& inputs) {
  inputs.Clear();
  ModelInput& input = inputs.Add();
  input.status = status;
  input.error = std::move(error);
}

bool IsAnswered(const RowAnswer& row) {
  return std::all_of(row.results.begin(), row.results.end(), [](const RowResult& result) {
    return IsFine(result.status) && !result.decoded.label_log_probs.empty();
  });
}

bool BeginsInSpace(std::string_view text) {
  const std::vector<WordSpan> words = FindWords(text);
  return words.empty() || words[0].begin > 0;
}

}  // namespace

ChoiceTask::ChoiceTask(const TaskModel& model, const ChoiceOptions& options)
    : options_(options),
      preprocessor_(options.prompt.clean),
      rows_(model, options.prompt,
            PromptEncoder(model, options.prompt, ChoicePrompt(options.context_column)),
            kChoiceRoom),
      input_columns_(rows_.input_columns()) {
  const std::vector<std::string>& choices = options.choice_columns;
  if (choices.size() < 2 || choices.size() > kMaxChoices) {
    throw UsageError("--choices names " + std::to_string(choices.size()) + " column" +
                     (choices.size() == 1 ? "" : "s") + "; give 2 to " +
                     std::to_string(kMaxChoices) + ", as in --choices first,second.");
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    if (std::find(choices.begin(), choices.begin() + static_cast<ptrdiff_t>(i), choices[i]) !=
        choices.begin() + static_cast<ptrdiff_t>(i)) {
      throw UsageError("--choices names the column '" + choices[i] + "' twice.");
    }
    if (std::find(input_columns_.begin(), input_columns_.end(), choices[i]) ==
        input_columns_.end()) {
      input_columns_.push_back(choices[i]);
    }
  }
  if (options.log_probs) columns_.push_back("log_probs");
}

void ChoiceTask::CheckColumns(const ColumnNames& columns) const {
  rows_.CheckColumns(columns);
  for (const std::string& choice : options_.choice_columns) {
    RequireColumn(columns, choice, "--choices");
  }
}

std::optional<std::string> ChoiceTask::ChoiceText(const Record& record, size_t choice,
                                                  RedactCounts& redacted,
                                                  std::string& problem) const {
  const std::string column = "column '" + options_.choice_columns[choice] + "'";
  std::optional<FieldValue> field = record.Field(options_.choice_columns[choice]);
  if (!field) {
    problem = column + " is missing";
    return {};
  }
  const bool is_scalar = field->kind == FieldKind::kString || field->kind == FieldKind::kNumber ||
                         field->kind == FieldKind::kBool;
  if (!is_scalar) {
    problem = column + " is " + std::string(FieldKindName(field->kind)) + ", not a string";
    return {};
  }
  preprocessor_.Clean(*field);
  if (options_.prompt.redactor != nullptr) {
    options_.prompt.redactor->Redact(field->text, redacted);
  }
  if (IsBlankText(field->text)) {
    problem = column + " is empty";
    return {};
  }
  return std::move(field->text);
}

std::string ChoiceTask::KnownChoiceText(const Record& record, size_t choice) const {
  RedactCounts counted_before;
  std::string problem;
  const std::optional<std::string> text = ChoiceText(record, choice, counted_before, problem);
  CHECK(text.has_value());
  return *text;
}

std::vector<int32_t> ChoiceTask::ChoiceTokens(const std::string& text) const {
  const bool add_space = !rows_.encoder().AnswerBeginsAfterSpace() && !BeginsInSpace(text);
  return EncodeContinuation(rows_.encoder().tokenizer(), add_space ? " " + text : text);
}

void ChoiceTask::PrepareRow(const Record& record, PrepareScratch& scratch,
                            ModelInputs& inputs) const {
  inputs.Clear();
  ModelInput prompt;
  const uint64_t redacted_rows = scratch.report.redacted.rows;
  RedactCounts redacted;
  rows_.Prepare(record, scratch, prompt);
  RequireQuestion(rows_.encoder(), scratch, prompt);
  if (!prompt.error.empty()) return Fail(prompt.status, prompt.error, inputs);
  for (size_t choice = 0; choice < options_.choice_columns.size(); ++choice) {
    std::string problem;
    const std::optional<std::string> text = ChoiceText(record, choice, redacted, problem);
    if (!text) return Fail(RowStatus::kInvalid, problem, inputs);
    const std::vector<int32_t> tokens = ChoiceTokens(*text);
    const size_t num_tokens = prompt.tokens.size() + tokens.size();
    if (tokens.empty()) {
      return Fail(RowStatus::kError, "the model's vocabulary has no tokens for a choice", inputs);
    }
    if (num_tokens > rows_.max_context() || tokens.size() > kMaxScoredTokens) {
      return Fail(RowStatus::kError,
                  "the question and a choice have " + std::to_string(num_tokens) +
                      " tokens, but only " + std::to_string(rows_.max_context()) +
                      " fit the context",
                  inputs);
    }
    ModelInput& input = inputs.Add();
    input.status = prompt.status;
    input.tokens = prompt.tokens;
    input.tokens.insert(input.tokens.end(), tokens.begin(), tokens.end());
    input.num_scored = static_cast<uint32_t>(tokens.size());
  }
  if (redacted.total() == 0) return;
  // Unless the question has counted the row.
  redacted.rows = scratch.report.redacted.rows == redacted_rows ? 1 : 0;
  scratch.report.redacted.Merge(redacted);
}

std::vector<double> ChoiceTask::Scores(const RowAnswer& row) const {
  CHECK(row.results.size() == options_.choice_columns.size());
  std::vector<double> scores;
  for (size_t choice = 0; choice < row.results.size(); ++choice) {
    double score = row.results[choice].decoded.label_log_probs.at(0);
    if (options_.norm != ChoiceNorm::kNone) {
      const std::string text = KnownChoiceText(row.record, choice);
      const size_t length =
          options_.norm == ChoiceNorm::kBytes ? text.size() : ChoiceTokens(text).size();
      score /= static_cast<double>(length);
    }
    scores.push_back(score);
  }
  return scores;
}

std::optional<size_t> ChoiceTask::PredictedLabelOf(const RowAnswer& row) const {
  if (!IsAnswered(row)) return {};
  return IndexOfLargest(Scores(row));
}

std::optional<size_t> ChoiceTask::GoldLabel(const Record& record, std::string_view gold) const {
  const std::vector<std::string>& names = options_.choice_columns;
  const auto name = std::find(names.begin(), names.end(), gold);
  if (name != names.end()) return static_cast<size_t>(name - names.begin());
  size_t number = 0;
  const auto parsed = std::from_chars(gold.data(), gold.data() + gold.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == gold.data() + gold.size() &&
      number < names.size()) {
    return number;
  }
  for (size_t choice = 0; choice < names.size(); ++choice) {
    const std::optional<FieldValue> field = record.Field(names[choice]);
    if (field && field->text == gold) return choice;
  }
  return {};
}

std::vector<CellKind> ChoiceTask::column_kinds() const {
  std::vector<CellKind> kinds = {CellKind::kText, CellKind::kNumber};
  if (options_.log_probs) kinds.push_back(CellKind::kFloats);
  return kinds;
}

void ChoiceTask::OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const {
  cells.assign(columns_.size(), std::monostate());
  if (!IsAnswered(row)) return;
  const std::vector<double> scores = Scores(row);
  const size_t best = IndexOfLargest(scores);
  cells[0] = KnownChoiceText(row.record, best);
  cells[1] = Softmax(scores)[best];
  if (!options_.log_probs) return;
  std::vector<float> log_probs;
  for (const RowResult& result : row.results) {
    log_probs.push_back(static_cast<float>(result.decoded.label_log_probs[0]));
  }
  cells[2] = std::move(log_probs);
}

std::vector<std::pair<std::string, std::string>> ChoiceTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "answer"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  for (size_t i = 0; i < options_.choice_columns.size(); ++i) {
    entries.emplace_back("choice " + std::to_string(i), options_.choice_columns[i]);
  }
  constexpr const char* kNorms[] = {"none", "tokens", "bytes"};
  entries.emplace_back("choice_norm", kNorms[static_cast<size_t>(options_.norm)]);
  entries.emplace_back("log_probs", options_.log_probs ? "yes" : "no");
  return entries;
}

}  // namespace rowmill
