// Lets the model write: greedy or sampled text for each row, until it ends its turn, a stop string
// comes up, or max_tokens are written.
//
// Columns: `text`, with several samples also `text_2`, `text_3`, ...; on request `finish_reason` of
// the first
// ("end", "stop", "max_tokens", "context").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

struct GenerateOptions {
  PromptOptions prompt;  // `prompt` must be given
  SamplingOptions sampling;
  uint32_t max_tokens = 256;
  uint32_t num_samples = 1;
  std::vector<std::string> stop;
  bool finish_reason = false;  // --finish-reason
  // What ends an answer is a token like others: every answer has max_tokens. For measuring.
  bool ignore_eos = false;
};

inline constexpr uint32_t kMaxSamples = 64;

class GenerateTask final : public OneInputTask {
 public:
  // Throws UsageError, and ModelError where the chat template refuses the prompt. Keeps a reference
  // to the tokeniser of `model`.
  GenerateTask(const TaskModel& model, const GenerateOptions& options);

  std::string_view name() const override { return "generate"; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override {
    rows_.Prepare(record, scratch, input);
  }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

  // The text of an answer: without control tokens, cut before the first stop string, always valid
  // UTF-8.
  std::string AnswerText(std::span<const int32_t> answer) const;
  // Whether an answer ended by itself or by a stop string, not for want of room.
  bool IsWhole(const RowResult& result, size_t sample) const;
  const PromptEncoder& prompt_encoder() const { return rows_.encoder(); }

 private:
  const Tokenizer& tokenizer_;
  size_t max_seq_len_;
  GenerateOptions options_;
  PromptRows rows_;
  DecodeSpec decode_spec_;
  std::vector<std::string> columns_;
};

}  // namespace rowmill
