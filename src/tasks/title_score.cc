#include "tasks/title_score.h"

#include <algorithm>

#include "tasks/labels.h"

namespace rowmill {
namespace {

constexpr size_t kMaxTitleTokens = 48;  // a longer title is known by its beginning
constexpr const char* kHistory = "history";
constexpr const char* kTitle = "title";

PromptOptions TitlePrompt() {
  PromptOptions options;
  options.text_column = kHistory;
  options.mode = PromptMode::kRaw;
  options.overflow = Overflow::kHead;  // what was liked long ago is left out first
  return options;
}

BuiltinPrompt ListPrompt() {
  const std::string list = "The titles that one person likes, one in each line:\n{{text}}\n-";
  return {.chat = list, .raw = list, .preferred = PromptMode::kRaw};
}

}  // namespace

TitleScoreTask::TitleScoreTask(const TaskModel& model)
    : rows_(model, TitlePrompt(), PromptEncoder(model, TitlePrompt(), ListPrompt()),
            kMaxTitleTokens),
      input_columns_({kHistory, kTitle}) {}

void TitleScoreTask::CheckColumns(const ColumnNames& columns) const {
  rows_.CheckColumns(columns);
  RequireColumn(columns, kTitle, kTitle);
}

std::vector<int32_t> TitleScoreTask::TitleTokens(std::string_view title) const {
  std::vector<int32_t> tokens =
      EncodeContinuation(rows_.encoder().tokenizer(), " " + std::string(title) + "\n");
  tokens.resize(std::min(tokens.size(), kMaxTitleTokens));
  return tokens;
}

void TitleScoreTask::Prepare(const Record& record, PrepareScratch& scratch,
                             ModelInput& input) const {
  rows_.Prepare(record, scratch, input);
  if (!input.error.empty()) return;
  const std::optional<FieldValue> title = record.Field(kTitle);
  const std::vector<int32_t> tokens = title && title->kind == FieldKind::kString
                                          ? TitleTokens(title->text)
                                          : std::vector<int32_t>();
  if (tokens.empty()) {
    input.Clear();
    input.status = RowStatus::kInvalid;
    input.error = "column 'title' has no tokens";
    return;
  }
  input.tokens.insert(input.tokens.end(), tokens.begin(), tokens.end());
  input.num_scored = static_cast<uint32_t>(tokens.size());
}

void TitleScoreTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  if (!result.decoded.label_log_probs.empty()) cells[0] = result.decoded.label_log_probs[0];
}

std::vector<std::pair<std::string, std::string>> TitleScoreTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "score titles"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  return entries;
}

}  // namespace rowmill
