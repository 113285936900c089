// The prompt of a job, and the token ids that it becomes for the values of one row.
//
// The template (text/prompt_template.h) is rendered as the user's message in the model's chat
// template, or, raw, as the very text that the model continues. The text is tokenised as one: where
// no special token lies at a seam, tokens reach across it as if it had been typed in one go.
// Special tokens are parsed in the chat template's own text and, raw, in what the operator wrote;
// never in what comes from a row.
//
// What it is not: it reads no records and cuts nothing (tasks/prompt_rows.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/prompt_options.h"
#include "text/chat_template.h"
#include "text/prompt_template.h"
#include "text/tokenizer.h"

namespace rowmill {

// The prompt that a task brings along, both ways; {{text}} is the row's text.
struct BuiltinPrompt {
  std::string chat;
  std::string raw;
  PromptMode preferred = PromptMode::kChat;  // what kAuto means where the model has a chat template
};

// A value of the row that the prompt uses.
struct PromptColumn {
  std::string column;
  // The row's text, which has to be a string; other values may be numbers and truth values too.
  bool is_text = false;
  // No column: the task supplies the value.
  bool is_supplied = false;
};

class PromptEncoder {
 public:
  // Throws UsageError where the template is not one, uses no column, or goes with no chat template,
  // and ModelError where the chat template refuses it.
  PromptEncoder(const TaskModel& model, const PromptOptions& options, const BuiltinPrompt& builtin);

  // kChat or kRaw.
  PromptMode mode() const { return mode_; }
  // What values Encode wants, in order. Two of them may be the same column.
  const std::vector<PromptColumn>& columns() const { return columns_; }
  // How the prompt came to be, as names and values for the fingerprint.
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const;

  // Appends the prompt for `values` (valid UTF-8), begin- and end-of-text tokens as the model wants
  // them. Returns why the chat template refuses them, empty where all is well.
  std::string Encode(std::span<const std::string_view> values, TokenizerScratch& scratch,
                     std::vector<int32_t>& out) const;

  const Tokenizer& tokenizer() const { return *model_.tokenizer; }

  // Whether what the prompt ends with is constant text whose last character is white space, so that
  // an answer begins without a space. Always true in a chat template, whose turns are opened by the
  // template.
  bool AnswerBeginsAfterSpace() const;
  // The tokens of what ends an answer: the chat template's end of a turn, or raw, a line break.
  // Empty where the model has none.
  std::vector<int32_t> EndOfAnswer() const;

 private:
  struct Turn {
    PromptTurn source;
    PromptTemplate content;
    std::vector<size_t> values;  // [content.columns()]: index in columns_
  };

  void AddColumns(const PromptTemplate& from, std::vector<size_t>& values,
                  const PromptOptions& options);
  std::vector<PromptSpan> Render(const PromptTemplate& prompt, std::span<const size_t> indices,
                                 std::span<const std::string_view> values) const;
  ChatTemplate::Rendering RenderPrompt(std::span<const std::string_view> values) const;
  void EncodeSpans(std::span<const PromptSpan> spans, TokenizerScratch& scratch,
                   std::vector<int32_t>& out) const;
  std::vector<int32_t> EndOfTurn() const;

  TaskModel model_;
  PromptMode mode_ = PromptMode::kRaw;
  std::string source_;
  std::optional<std::string> system_source_;
  PromptTemplate prompt_;
  std::optional<PromptTemplate> system_;
  std::vector<Turn> history_;
  std::vector<PromptColumn> columns_;
  std::vector<std::string> placeholders_;  // [columns_]: their names in the templates
  std::vector<size_t> prompt_values_;      // [prompt_.columns()]: index in columns_
  std::vector<size_t> system_values_;      // [system_->columns()]
};

// `text` as constant text of a prompt template.
std::string EscapePromptText(std::string_view text);

}  // namespace rowmill
