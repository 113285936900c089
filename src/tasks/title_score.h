// How likely a title comes next in a list of titles: the log-probability of its tokens, up to the
// end of its line, behind the list.
//
// What it is not: a command. `recommend --rerank` runs it as a job inside its own
// (engine/title_reranker.h), over rows that it writes: `history`, lines of titles, and `title`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

class TitleScoreTask final : public OneInputTask {
 public:
  // Throws UsageError where the model's context has no room for a prompt.
  explicit TitleScoreTask(const TaskModel& model);

  std::string_view name() const override { return "recommend"; }
  const std::vector<std::string>& input_columns() const override { return input_columns_; }
  void CheckColumns(const ColumnNames& columns) const override;
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override;
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  // The sum of the log-probabilities of a title's tokens.
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

  // How many tokens of `title` are scored.
  size_t NumTokens(std::string_view title) const { return TitleTokens(title).size(); }

 private:
  std::vector<int32_t> TitleTokens(std::string_view title) const;

  PromptRows rows_;
  DecodeSpec decode_spec_ = ContinuationSpec{};
  std::vector<std::string> input_columns_;
  std::vector<std::string> columns_ = {"log_prob"};
};

}  // namespace rowmill
