// A record to the tokens of its prompt: finds the values, says what is wrong with a row, and cuts
// what is too long.
//
// The rules of the row contract (design, section 3) that are decided here:
//   invalid  the reader found the row broken; a column that the prompt uses is missing or null; the
//   row's text
//            is not a string, or another value is a list or an object; all values are blank
//   error    the prompt is longer than `max_prompt_tokens` and may not be cut, or is even without
//   the row's
//            values; the chat template refuses it; it has no tokens
//   truncated  some of the row's text was left out
//
// How a row is cut: every value of the row is tokenised alone; of the value that has the most
// tokens left (the first of equals), as many as the prompt is too long by are left out, from the
// beginning (kHead) or the end (kTail), and a character that this cuts in two goes with them; the
// prompt is rendered and tokenised anew. That is repeated until it fits, since tokens at a seam may
// come out differently. So templates, instructions and other columns stay whole, the last token of
// the prompt is the template's, and a row is cut no shorter than the seams ask for.
//
// What it is not: the cleaning itself, which the Preprocessor (prep/preprocessor.h) does to each
// value before it is looked at, nor the redaction (prep/redact/redactor.h), which comes next.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/record.h"
#include "data/schema.h"
#include "prep/preprocessor.h"
#include "tasks/prompt_encoder.h"
#include "tasks/task.h"

namespace rowmill {

class PromptRows {
 public:
  // `answer_tokens`: what has to fit behind the prompt. Throws UsageError where the context (the
  // model's or options.max_context) has no room for a prompt.
  PromptRows(const TaskModel& model, const PromptOptions& options, PromptEncoder encoder,
             size_t answer_tokens);

  const PromptEncoder& encoder() const { return encoder_; }
  size_t max_context() const { return max_context_; }  // tokens of prompt and answer together
  size_t max_prompt_tokens() const { return max_prompt_tokens_; }
  // Each once, in the order of their first use.
  const std::vector<std::string>& input_columns() const { return input_columns_; }
  void CheckColumns(const ColumnNames& columns) const;

  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const;
  // The prompt of scratch.values, one for each of encoder().columns(), as they stand: neither
  // cleaned nor cut. `input` is cleared first. Prepare leaves the values of its row there, as they
  // stand in the prompt.
  void PrepareValues(PrepareScratch& scratch, ModelInput& input) const;
  // The prompt with `value` in place of every value. Throws UsageError where it does not fit.
  std::vector<int32_t> PromptWith(std::string_view value) const;

  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const;

  // Reads and cleans what the prompt needs of the row into scratch.values [encoder().columns()].
  // False where `input` has got an error.
  bool ReadValues(const Record& record, PrepareScratch& scratch, ModelInput& input) const;

 private:
  void Encode(PrepareScratch& scratch, ModelInput& input) const;
  void Cut(PrepareScratch& scratch, ModelInput& input) const;
  void FailTooLong(const char* what, size_t num_tokens, ModelInput& input) const;

  PromptEncoder encoder_;
  Preprocessor preprocessor_;
  std::shared_ptr<const Redactor> redactor_;  // null: none
  Overflow overflow_;
  size_t max_context_;
  size_t answer_tokens_;
  size_t max_prompt_tokens_;
  std::vector<std::string> input_columns_;
};

}  // namespace rowmill
