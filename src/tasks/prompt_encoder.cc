#include "tasks/prompt_encoder.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "tasks/labels.h"

namespace rowmill {
namespace {

using Origin = PromptSpan::Origin;

// The placeholder that --text names the column of.
constexpr std::string_view kTextPlaceholder = "text";
constexpr std::string_view kSpaces = " \t\r\n\v\f";

PromptMode ChooseMode(const TaskModel& model, const PromptOptions& options,
                      const BuiltinPrompt& builtin) {
  const bool has_template = model.chat_template != nullptr || !model.chat_template_error.empty();
  PromptMode mode = options.mode;
  if (mode == PromptMode::kAuto) mode = options.prompt ? PromptMode::kChat : builtin.preferred;
  if (options.mode == PromptMode::kAuto && !has_template) mode = PromptMode::kRaw;
  if (mode == PromptMode::kRaw || model.chat_template != nullptr) return mode;
  if (!has_template) throw UsageError("this model has no chat template; use --raw-prompt.");
  throw ModelError(model.chat_template_error + " Use --raw-prompt to do without it.");
}

}  // namespace

std::string EscapePromptText(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view two = text.substr(i, 2);
    if (two == "{{" || two == "}}") {
      out += two;
      out += two;
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

PromptEncoder::PromptEncoder(const TaskModel& model, const PromptOptions& options,
                             const BuiltinPrompt& builtin)
    : model_(model),
      mode_(ChooseMode(model, options, builtin)),
      source_(options.prompt ? *options.prompt
                             : (mode_ == PromptMode::kChat ? builtin.chat : builtin.raw)),
      system_source_(options.system),
      prompt_(PromptTemplate::Parse(source_, options.prompt_name)) {
  CHECK(model_.tokenizer != nullptr);
  if (!options.history.empty() && mode_ == PromptMode::kRaw) {
    throw UsageError("the model has no chat template, so a chat of several turns cannot be asked");
  }
  if (options.system) {
    if (mode_ == PromptMode::kRaw) {
      throw UsageError(
          "--system: a raw prompt has no place for a system message; write it into the prompt.");
    }
    system_ = PromptTemplate::Parse(*options.system, "--system");
  }
  AddColumns(prompt_, prompt_values_, options);
  if (system_) AddColumns(*system_, system_values_, options);
  for (const PromptTurn& turn : options.history) {
    history_.push_back({turn, PromptTemplate::Parse(turn.source, options.prompt_name), {}});
    AddColumns(history_.back().content, history_.back().values, options);
  }
  if (columns_.empty()) {
    throw UsageError(options.prompt_name +
                     ": the prompt uses no column, so every row would get the same answer; write "
                     "{{column}} where a value of the row goes in.");
  }
  const bool uses_text = std::any_of(columns_.begin(), columns_.end(), [&](const PromptColumn& c) {
    return c.column == options.text_column;
  });
  if (!options.text_column.empty() && !uses_text) {
    throw UsageError("--text " + options.text_column +
                     ": the prompt does not use it; write {{text}} in " + options.prompt_name +
                     " where it goes in, or leave --text out.");
  }
  const bool uses_supplied = std::any_of(columns_.begin(), columns_.end(),
                                         [](const PromptColumn& c) { return c.is_supplied; });
  if (!options.supplied_column.empty() && !uses_supplied) {
    throw UsageError(options.prompt_name + ": the prompt does not use {{" +
                     options.supplied_column + "}}; write it where they go in.");
  }
  if (mode_ == PromptMode::kChat) {
    // A template that refuses every message must say so before the first row.
    const std::vector<std::string_view> values(columns_.size(), "x");
    const ChatTemplate::Rendering trial = RenderPrompt(values);
    if (!trial.error.empty()) throw ModelError(trial.error);
  }
}

void PromptEncoder::AddColumns(const PromptTemplate& from, std::vector<size_t>& values,
                               const PromptOptions& options) {
  for (const std::string& placeholder : from.columns()) {
    const auto found = std::find(placeholders_.begin(), placeholders_.end(), placeholder);
    values.push_back(static_cast<size_t>(found - placeholders_.begin()));
    if (found != placeholders_.end()) continue;
    const bool is_text = placeholder == kTextPlaceholder;
    const bool is_renamed = is_text && !options.text_column.empty();
    placeholders_.push_back(placeholder);
    columns_.push_back({is_renamed ? options.text_column : placeholder,
                        is_text || placeholder == options.text_column,
                        placeholder == options.supplied_column});
  }
}

std::vector<std::pair<std::string, std::string>> PromptEncoder::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {
      {"prompt", source_}, {"prompt_mode", mode_ == PromptMode::kChat ? "chat" : "raw"}};
  if (system_source_) entries.emplace_back("system", *system_source_);
  for (size_t i = 0; i < history_.size(); ++i) {
    const PromptTurn& turn = history_[i].source;
    entries.emplace_back("turn " + std::to_string(i + 1) + " " + turn.role, turn.source);
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    entries.emplace_back("column {{" + placeholders_[i] + "}}", columns_[i].column);
  }
  return entries;
}

std::vector<PromptSpan> PromptEncoder::Render(const PromptTemplate& prompt,
                                              std::span<const size_t> indices,
                                              std::span<const std::string_view> values) const {
  std::vector<std::string_view> own;
  own.reserve(indices.size());
  for (const size_t index : indices) own.push_back(values[index]);
  return prompt.Render(own);
}

ChatTemplate::Rendering PromptEncoder::RenderPrompt(
    std::span<const std::string_view> values) const {
  CHECK(values.size() == columns_.size());
  if (mode_ == PromptMode::kRaw) return {Render(prompt_, prompt_values_, values), {}};
  std::vector<ChatMessage> messages;
  if (system_) messages.push_back({"system", Render(*system_, system_values_, values)});
  for (const Turn& turn : history_) {
    messages.push_back({turn.source.role, Render(turn.content, turn.values, values)});
  }
  messages.push_back({"user", Render(prompt_, prompt_values_, values)});
  return model_.chat_template->TryRender(messages, AddGenerationPrompt::kYes);
}

void PromptEncoder::EncodeSpans(std::span<const PromptSpan> spans, TokenizerScratch& scratch,
                                std::vector<int32_t>& out) const {
  std::vector<TextSpan> texts;
  texts.reserve(spans.size());
  for (const PromptSpan& span : spans) {
    const bool is_trusted = span.origin == Origin::kTemplate ||
                            (mode_ == PromptMode::kRaw && span.origin == Origin::kPrompt);
    texts.push_back({span.text, is_trusted ? SpecialTokens::kParse : SpecialTokens::kPlainText});
  }
  model_.tokenizer->Encode(texts, scratch, out);
}

std::string PromptEncoder::Encode(std::span<const std::string_view> values,
                                  TokenizerScratch& scratch, std::vector<int32_t>& out) const {
  const ChatTemplate::Rendering rendering = RenderPrompt(values);
  if (!rendering.error.empty()) return rendering.error;
  const std::span<const int32_t> start = model_.tokenizer->start_ids();
  const auto begin = static_cast<ptrdiff_t>(out.size());
  out.insert(out.end(), start.begin(), start.end());
  const auto text_begin = static_cast<ptrdiff_t>(out.size());
  EncodeSpans(rendering.spans, scratch, out);
  // Many chat templates write the begin-of-text token themselves; a second one would be a prompt
  // that the model has never seen.
  const std::span<const int32_t> text(out.begin() + text_begin, out.end());
  if (!start.empty() && text.size() >= start.size() &&
      std::equal(start.begin(), start.end(), text.begin())) {
    out.erase(out.begin() + begin, out.begin() + text_begin);
  }
  if (mode_ == PromptMode::kRaw) {  // A chat prompt ends with the open turn of the assistant.
    const std::span<const int32_t> end = model_.tokenizer->end_ids();
    out.insert(out.end(), end.begin(), end.end());
  }
  return {};
}

bool PromptEncoder::AnswerBeginsAfterSpace() const {
  if (mode_ == PromptMode::kChat) return true;
  const std::vector<std::string_view> values(columns_.size(), "x");
  const std::vector<PromptSpan> spans = Render(prompt_, prompt_values_, values);
  CHECK(!spans.empty() && !spans.back().text.empty());
  return kSpaces.find(spans.back().text.back()) != std::string_view::npos;
}

std::vector<int32_t> PromptEncoder::EndOfAnswer() const {
  return mode_ == PromptMode::kChat ? EndOfTurn() : EncodeContinuation(*model_.tokenizer, "\n");
}

std::vector<int32_t> PromptEncoder::EndOfTurn() const {
  // What the template writes after an assistant's message is what the model was trained to say
  // there.
  const Vocabulary& vocabulary = model_.tokenizer->vocabulary();
  const ChatMessage question = {"user", {{"x", Origin::kPrompt}}};
  const ChatMessage answer = {"assistant", {{"y", Origin::kRow}}};
  const ChatTemplate::Rendering rendering = model_.chat_template->TryRender(
      std::vector<ChatMessage>{question, answer}, AddGenerationPrompt::kNo);
  size_t after = rendering.spans.size();
  while (after > 0 && rendering.spans[after - 1].origin != Origin::kRow) --after;
  if (after > 0) {
    TokenizerScratch scratch(TokenizerScratch::Cache::kOff);
    std::vector<int32_t> ids;
    EncodeSpans(std::span(rendering.spans).subspan(after), scratch, ids);
    for (const int32_t id : ids) {
      if (vocabulary.IsEndOfGeneration(id)) return {id};
    }
  }
  for (const int32_t id : {vocabulary.eot, vocabulary.eos}) {
    if (id != kNoToken) return {id};
  }
  return {};
}

}  // namespace rowmill
