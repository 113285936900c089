// A translation of each row's text, by an encoder-decoder.
//
// Line breaks of a text stay where they are. A line of at most kWholeLineTokens is translated as a
// whole; a longer one is cut into sentences (text/sentence_splitter.h), each translated by itself
// and joined with spaces again; a sentence that is longer than the model reads is cut between
// words. So no text is too long, and none is truncated.
//
// Column: `translation`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

struct TranslateOptions {
  PromptOptions prompt;
  std::string from;  // language codes; may be empty where the model needs none
  std::string to;
  uint32_t beam = 1;
  double length_penalty = 1.0;
  uint32_t max_tokens = 512;  // of one sentence's translation
};

// The reference of the model for a pair of languages.
std::string TranslationModel(std::string_view from, std::string_view to);
// What encoder-decoders read around a text where nothing else is asked for: T5 wants to be told
// what to do. Throws UsageError where a language is missing or has no name here.
std::string TranslationPrompt(std::string_view architecture, std::string_view from,
                              std::string_view to);

class TranslateTask final : public OneInputTask {
 public:
  // A line of more tokens than this is cut into sentences.
  static constexpr size_t kWholeLineTokens = 128;
  // A sentence of more is cut into parts.
  static constexpr size_t kMaxSentenceTokens = 256;

  // Throws UsageError where options or prompt do not fit. `model` is an encoder-decoder.
  TranslateTask(const TaskModel& model, const TranslateOptions& options);

  std::string_view name() const override { return "translate"; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override;
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& gold_column) const override;  // BLEU and chrF
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

  // The sentences' answers as one text.
  std::string Join(std::span<const std::vector<int32_t>> answers) const;

 private:
  // The tokens of `text` in the prompt, without the end token.
  std::vector<int32_t> Encode(std::string_view text, PrepareScratch& scratch,
                              ModelInput& input) const;
  void AddText(std::span<const int32_t> tokens, std::vector<int32_t>& out) const;
  void AddSentence(std::string_view sentence, PrepareScratch& scratch, ModelInput& input,
                   std::vector<int32_t>& out) const;

  const Tokenizer& tokenizer_;
  TranslateOptions options_;
  int32_t end_token_;
  PromptRows rows_;
  size_t text_value_ = 0;  // which of the prompt's values is the text
  size_t max_sentence_tokens_;
  DecodeSpec decode_spec_;
  std::vector<std::string> columns_ = {"translation"};
};

}  // namespace rowmill
