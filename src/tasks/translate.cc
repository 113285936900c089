#include "tasks/translate.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/error.h"
#include "data/json_text.h"
#include "decode/beam_search.h"
#include "metrics/translation_scores.h"
#include "models/encoder_decoder.h"
#include "tasks/embed.h"
#include "text/sentence_splitter.h"

namespace rowmill {
namespace {

struct Language {
  std::string_view code;
  std::string_view name;
};
// As T5's training named them, and what its later models were asked for.
constexpr std::array<Language, 12> kLanguages = {{
    {"de", "German"},
    {"en", "English"},
    {"es", "Spanish"},
    {"fr", "French"},
    {"it", "Italian"},
    {"ja", "Japanese"},
    {"nl", "Dutch"},
    {"pl", "Polish"},
    {"pt", "Portuguese"},
    {"ro", "Romanian"},
    {"ru", "Russian"},
    {"zh", "Chinese"},
}};
// Written without spaces between sentences.
constexpr std::array<std::string_view, 6> kWithoutSpaces = {"ja", "km", "lo", "my", "th", "zh"};

std::string_view LanguageName(std::string_view code) {
  for (const Language& language : kLanguages) {
    if (language.code == code) return language.name;
  }
  throw UsageError("translate: there is no name for the language '" + std::string(code) +
                   "' here; give the model's own --prompt, as in --prompt 'translate English to "
                   "German: {{text}}'.");
}

// Where a text is best cut in two: near its middle, between clauses, else between words, else
// between characters. 0 where it is one character.
size_t MiddleOf(std::string_view text) {
  const size_t low = text.size() / 4;
  const size_t high = text.size() - low;
  const size_t middle = text.size() / 2;
  const auto distance = [&](size_t at) { return at > middle ? at - middle : middle - at; };
  size_t clause = 0, word = 0, character = 0;
  for (size_t at = std::max<size_t>(1, low); at < std::min(high + 1, text.size()); ++at) {
    if ((static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) continue;  // within a character
    if (character == 0 || distance(at) < distance(character)) character = at;
    if (text[at] != ' ') continue;
    if (word == 0 || distance(at) < distance(word)) word = at;
    if (std::string_view(",;:)").find(text[at - 1]) == std::string_view::npos) continue;
    if (clause == 0 || distance(at) < distance(clause)) clause = at;
  }
  return clause != 0 ? clause : word != 0 ? word : character;
}

PromptOptions WithDefaultPrompt(const TaskModel& model, const TranslateOptions& options) {
  PromptOptions prompt = EncoderPrompt(options.prompt);
  if (!prompt.prompt) {
    prompt.prompt =
        TranslationPrompt(model.encoder_decoder->architecture(), options.from, options.to);
  }
  return prompt;
}

const TranslateOptions& Validated(const TranslateOptions& options) {
  if (options.beam < 1 || options.beam > kMaxBeam) {
    throw UsageError("--beam " + std::to_string(options.beam) + ": it must be from 1 to " +
                     std::to_string(kMaxBeam) + ".");
  }
  if (!(options.length_penalty >= 0.0 && options.length_penalty <= 10.0)) {
    throw UsageError("--length-penalty: it must be from 0 to 10.");
  }
  if (options.max_tokens == 0) throw UsageError("--max-tokens 0: it must be at least 1.");
  if (options.prompt.overflow != Overflow::kError) {
    throw UsageError(
        "--overflow: translate cuts no text off; what is long is translated sentence by sentence.");
  }
  return options;
}

}  // namespace

std::string TranslationModel(std::string_view from, std::string_view to) {
  return "marian-" + std::string(from) + "-" + std::string(to);
}

std::string TranslationPrompt(std::string_view architecture, std::string_view from,
                              std::string_view to) {
  if (architecture != "t5") return "{{text}}";
  if (from.empty() || to.empty()) {
    throw UsageError("translate: this model has to be told the languages: --from en --to de.");
  }
  return "translate " + std::string(LanguageName(from)) + " to " + std::string(LanguageName(to)) +
         ": {{text}}";
}

TranslateTask::TranslateTask(const TaskModel& model, const TranslateOptions& options)
    : tokenizer_(*model.tokenizer),
      options_(Validated(options)),
      end_token_(model.encoder_decoder->end_token()),
      rows_(model, options_.prompt,
            PromptEncoder(model, WithDefaultPrompt(model, options_), PlainTextPrompt()), 0),
      max_sentence_tokens_(std::min(kMaxSentenceTokens, rows_.max_prompt_tokens() - 1)) {
  const std::vector<PromptColumn>& columns = rows_.encoder().columns();
  const auto text = std::find_if(columns.begin(), columns.end(),
                                 [](const PromptColumn& column) { return column.is_text; });
  if (text == columns.end()) {
    throw UsageError("translate: the prompt has no {{text}}, so nothing would be translated.");
  }
  if (rows_.max_prompt_tokens() < 2) throw UsageError("--max-context 1: no text fits.");
  text_value_ = static_cast<size_t>(text - columns.begin());
  TranslateSpec spec;
  spec.beam = options_.beam;
  spec.length_penalty = options_.length_penalty;
  spec.max_tokens = options_.max_tokens;
  spec.num_tokens = tokenizer_.vocabulary().size();
  decode_spec_ = spec;
}

std::vector<int32_t> TranslateTask::Encode(std::string_view text, PrepareScratch& scratch,
                                           ModelInput& input) const {
  std::vector<std::string_view> values(scratch.values.begin(), scratch.values.end());
  values[text_value_] = text;
  std::vector<int32_t> tokens;
  const std::string error = rows_.encoder().Encode(values, scratch.tokenizer, tokens);
  if (!error.empty()) {
    input.status = RowStatus::kError;
    input.error = error;
  }
  if (!tokens.empty() && tokens.back() == end_token_) tokens.pop_back();
  CHECK(std::find(tokens.begin(), tokens.end(), end_token_) == tokens.end());
  return tokens;
}

// Adds what is translated in one piece; nothing where it has no tokens.
void TranslateTask::AddText(std::span<const int32_t> tokens, std::vector<int32_t>& out) const {
  if (tokens.empty()) return;
  out.insert(out.end(), tokens.begin(), tokens.end());
  out.push_back(end_token_);
}

// Adds a sentence's tokens; in halves, and halves of those, where it is too long.
void TranslateTask::AddSentence(std::string_view sentence, PrepareScratch& scratch,
                                ModelInput& input, std::vector<int32_t>& out) const {
  std::vector<std::string_view> left = {sentence};
  while (!left.empty() && input.error.empty()) {
    const std::string_view part = left.back();
    left.pop_back();
    const std::vector<int32_t> tokens = Encode(part, scratch, input);
    if (tokens.size() <= max_sentence_tokens_) {
      AddText(tokens, out);
      continue;
    }
    const size_t middle = MiddleOf(part);
    if (middle == 0) {
      input.status = RowStatus::kError;
      input.error = "the prompt leaves no room for the row's text in the context";
      return;
    }
    left.push_back(part.substr(middle + (part[middle] == ' ' ? 1 : 0)));
    left.push_back(part.substr(0, middle));
  }
}

void TranslateTask::Prepare(const Record& record, PrepareScratch& scratch,
                            ModelInput& input) const {
  input.Clear();
  if (!record.problem.empty()) {
    input.status = RowStatus::kInvalid;
    input.error = record.problem;
    return;
  }
  if (!rows_.ReadValues(record, scratch, input)) return;
  const std::string text = scratch.values[text_value_];
  std::vector<int32_t> tokens;
  bool has_text = false;
  bool is_first_line = true;
  for (const SplitLine& line : SplitSentences(text)) {
    if (!is_first_line) tokens.push_back(end_token_);
    is_first_line = false;
    if (line.sentences.empty()) continue;
    const size_t before = tokens.size();
    const std::vector<int32_t> whole = Encode(line.text, scratch, input);
    if (whole.size() <= std::min(kWholeLineTokens, max_sentence_tokens_)) {
      AddText(whole, tokens);
    } else if (line.sentences.size() == 1 || whole.size() <= kWholeLineTokens) {
      AddSentence(line.text, scratch, input, tokens);
    } else {
      for (const std::string_view sentence : line.sentences) {
        AddSentence(sentence, scratch, input, tokens);
      }
    }
    has_text = has_text || tokens.size() > before;
  }
  if (input.error.empty() && !has_text) {
    input.status = RowStatus::kError;
    input.error = "the model's vocabulary has no tokens for this text";
  }
  if (input.error.empty()) input.tokens = std::move(tokens);
}

std::string TranslateTask::Join(std::span<const std::vector<int32_t>> answers) const {
  const bool has_spaces =
      std::find(kWithoutSpaces.begin(), kWithoutSpaces.end(), options_.to) == kWithoutSpaces.end();
  std::string text;
  for (const std::vector<int32_t>& answer : answers) {
    if (answer.size() == 1 && answer.front() == end_token_) {
      text += '\n';
      continue;
    }
    const std::string part = tokenizer_.Decode(answer, {.control = DecodeOptions::Control::kSkip});
    if (has_spaces && !part.empty() && !text.empty() && text.back() != '\n') text += ' ';
    text += part;
  }
  return text;
}

void TranslateTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  if (result.status != RowStatus::kOk || result.decoded.answers.empty()) return;
  cells[0] = Join(result.decoded.answers);
}

namespace {

// A row without an answer counts as one that says nothing; a row without a reference not at all.
class TranslationMeasure final : public GoldMeasure {
 public:
  explicit TranslationMeasure(std::string column) : column_(std::move(column)) {}

  void Add(const Record& record, std::span<const Cell> cells) override {
    const std::optional<FieldValue> gold = record.Field(column_);
    if (!gold || gold->kind != FieldKind::kString) return;
    const auto* answer = std::get_if<std::string>(&cells.front());
    scores_.Add(answer != nullptr ? *answer : "", gold->text);
    ++num_rows_;
  }
  std::vector<std::pair<std::string, double>> Values() const override {
    if (num_rows_ == 0) return {};
    return {{"bleu", scores_.Bleu()}, {"chrf", scores_.ChrF()}};
  }
  uint64_t num_rows() const override { return num_rows_; }

 private:
  std::string column_;
  TranslationScores scores_;
  uint64_t num_rows_ = 0;
};

}  // namespace

std::unique_ptr<GoldMeasure> TranslateTask::MakeGoldMeasure(
    const std::optional<std::string>& gold_column) const {
  if (!gold_column) return nullptr;
  return std::make_unique<TranslationMeasure>(*gold_column);
}

std::vector<std::pair<std::string, std::string>> TranslateTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "translate"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  entries.emplace_back("from", options_.from);
  entries.emplace_back("to", options_.to);
  entries.emplace_back("beam", std::to_string(options_.beam));
  std::string penalty;
  AppendJsonNumber(options_.length_penalty, penalty);
  entries.emplace_back("length_penalty", penalty);
  entries.emplace_back("max_tokens", std::to_string(options_.max_tokens));
  return entries;
}

}  // namespace rowmill
