#include "tasks/prompt_rows.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "data/utf8.h"
#include "prep/clean_text.h"
#include "prep/redact/redactor.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// A value of more bytes than this is cut to what could fit at all before it is put into the prompt,
// so that chat templates see no megabytes.
constexpr size_t kLongValueBytes = size_t{1} << 16;
// Rounds of cutting after which halves are taken instead: only a vocabulary made to annoy gets
// there.
constexpr int kExactRounds = 16;

void Fail(RowStatus status, std::string error, ModelInput& input) {
  input.status = status;
  input.error = std::move(error);
  input.tokens.clear();
}

std::string Column(const std::string& name) { return "column '" + name + "'"; }

size_t MaxContext(const TaskModel& model, const PromptOptions& options) {
  if (options.max_context == 0) return model.max_seq_len;
  return std::min(options.max_context, model.max_seq_len);
}

// One value of a row while it is cut.
class CuttableValue {
 public:
  CuttableValue(const Tokenizer& tokenizer, TokenizerScratch& scratch, std::string& text)
      : tokenizer_(tokenizer), text_(text) {
    tokenizer.Encode(text, SpecialTokens::kPlainText, scratch, ids_);
    kept_ = ids_.size();
  }

  size_t kept() const { return kept_; }

  void Keep(size_t num_tokens, Overflow side) {
    CHECK(num_tokens <= kept_ && side != Overflow::kError);
    if (num_tokens == kept_) return;
    kept_ = num_tokens;
    std::string bytes;
    const std::span<const int32_t> ids(ids_);
    if (side == Overflow::kTail) {
      tokenizer_.AppendBytes(ids.first(kept_), {.control = DecodeOptions::Control::kSkip}, bytes);
      text_ = bytes.substr(0, ValidUtf8Prefix(bytes));
    } else {
      tokenizer_.AppendBytes(ids.last(kept_),
                             {.control = DecodeOptions::Control::kSkip,
                              .leading_space = DecodeOptions::LeadingSpace::kKeep},
                             bytes);
      size_t begin = 0;
      while (begin < bytes.size() && (static_cast<uint8_t>(bytes[begin]) & 0xC0) == 0x80) ++begin;
      text_ = bytes.substr(begin);
    }
  }

 private:
  const Tokenizer& tokenizer_;
  std::string& text_;
  std::vector<int32_t> ids_;
  size_t kept_ = 0;
};

std::vector<std::string_view> Views(const std::vector<std::string>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

PromptRows::PromptRows(const TaskModel& model, const PromptOptions& options, PromptEncoder encoder,
                       size_t answer_tokens)
    : encoder_(std::move(encoder)),
      preprocessor_(options.clean),
      redactor_(options.redactor),
      overflow_(options.overflow),
      max_context_(MaxContext(model, options)),
      answer_tokens_(answer_tokens),
      max_prompt_tokens_(max_context_ > answer_tokens ? max_context_ - answer_tokens : 0) {
  if (max_prompt_tokens_ == 0) {
    throw UsageError("the context of " + std::to_string(max_context_) +
                     " tokens has no room for a prompt besides an answer of " +
                     std::to_string(answer_tokens_) +
                     "; shorten the answer or raise --max-context.");
  }
  for (const PromptColumn& column : encoder_.columns()) {
    if (column.is_supplied) continue;
    if (std::find(input_columns_.begin(), input_columns_.end(), column.column) ==
        input_columns_.end()) {
      input_columns_.push_back(column.column);
    }
  }
  PromptWith("x");  // A prompt that never fits must be refused before the first row.
}

void PromptRows::CheckColumns(const ColumnNames& columns) const {
  for (const PromptColumn& column : encoder_.columns()) {
    if (column.is_supplied) continue;
    RequireColumn(columns, column.column, column.is_text ? "--text" : "--prompt");
  }
}

std::vector<int32_t> PromptRows::PromptWith(std::string_view value) const {
  const std::vector<std::string_view> values(encoder_.columns().size(), value);
  TokenizerScratch scratch(TokenizerScratch::Cache::kOff);
  std::vector<int32_t> tokens;
  const std::string error = encoder_.Encode(values, scratch, tokens);
  if (!error.empty()) throw ModelError(error);
  if (tokens.size() > max_prompt_tokens_) {
    throw UsageError("the prompt has " + std::to_string(tokens.size()) +
                     " tokens before any text of a row, but only " +
                     std::to_string(max_prompt_tokens_) + " fit the context of " +
                     std::to_string(max_context_) + " with an answer of " +
                     std::to_string(answer_tokens_) + "; shorten the prompt.");
  }
  return tokens;
}

std::vector<std::pair<std::string, std::string>> PromptRows::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = encoder_.FingerprintEntries();
  constexpr const char* kNames[] = {"error", "head", "tail"};
  entries.emplace_back("clean", CleanOptionsText(preprocessor_.options()));
  if (redactor_ != nullptr) {
    for (auto& entry : redactor_->FingerprintEntries()) entries.push_back(std::move(entry));
  }
  entries.emplace_back("overflow", kNames[static_cast<size_t>(overflow_)]);
  entries.emplace_back("context", std::to_string(max_context_));
  return entries;
}

void PromptRows::Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const {
  input.Clear();
  if (!record.problem.empty()) return Fail(RowStatus::kInvalid, record.problem, input);
  if (!ReadValues(record, scratch, input)) return;

  const bool is_long = std::any_of(scratch.values.begin(), scratch.values.end(),
                                   [](const auto& v) { return v.size() > kLongValueBytes; });
  if (!is_long) {
    Encode(scratch, input);
    if (input.status != RowStatus::kOk || input.tokens.size() <= max_prompt_tokens_) return;
    if (overflow_ == Overflow::kError) return FailTooLong("the prompt", input.tokens.size(), input);
  }
  Cut(scratch, input);
}

void PromptRows::PrepareValues(PrepareScratch& scratch, ModelInput& input) const {
  input.Clear();
  Encode(scratch, input);
  if (input.tokens.size() > max_prompt_tokens_) {
    FailTooLong("the prompt", input.tokens.size(), input);
  }
}

bool PromptRows::ReadValues(const Record& record, PrepareScratch& scratch,
                            ModelInput& input) const {
  const std::vector<PromptColumn>& columns = encoder_.columns();
  scratch.values.resize(columns.size());
  bool all_blank = true;
  uint64_t num_characters = 0;
  RowChanges changes;
  bool is_redacted = false;
  const auto invalid = [&](std::string error) {
    Fail(RowStatus::kInvalid, std::move(error), input);
    return false;
  };
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = columns[i].column;
    if (columns[i].is_supplied) {  // by a task that has cleaned it
      scratch.values[i] = scratch.supplied;
      continue;
    }
    std::optional<FieldValue> field = record.Field(name);
    if (!field) return invalid(Column(name) + " is missing");
    if (field->kind == FieldKind::kNull) return invalid(Column(name) + " is null");
    const bool is_scalar = field->kind == FieldKind::kString || field->kind == FieldKind::kNumber ||
                           field->kind == FieldKind::kBool;
    if (columns[i].is_text ? field->kind != FieldKind::kString : !is_scalar) {
      return invalid(Column(name) + " is " + std::string(FieldKindName(field->kind)) +
                     ", not a string");
    }
    changes.Add(preprocessor_.Clean(*field));
    if (redactor_ != nullptr && redactor_->Redact(field->text, scratch.report.redacted)) {
      is_redacted = true;
    }
    num_characters += CountCharacters(field->text);
    all_blank = all_blank && IsBlankText(field->text);
    scratch.values[i] = std::move(field->text);
  }
  scratch.report.redacted.rows += is_redacted;
  scratch.report.AddRow(changes, all_blank ? 0 : num_characters);
  if (!all_blank) return true;
  const std::string what = input_columns_.size() == 1
                               ? Column(input_columns_[0]) + " is empty"
                               : "all columns that the prompt uses are empty";
  return invalid(what + (changes.emptied ? " after cleaning" : ""));
}

void PromptRows::Encode(PrepareScratch& scratch, ModelInput& input) const {
  input.tokens.clear();
  const std::string error = encoder_.Encode(Views(scratch.values), scratch.tokenizer, input.tokens);
  if (!error.empty()) return Fail(RowStatus::kError, error, input);
  if (input.tokens.empty()) {
    Fail(RowStatus::kError, "the model's vocabulary has no tokens for this prompt", input);
  }
}

void PromptRows::FailTooLong(const char* what, size_t num_tokens, ModelInput& input) const {
  Fail(RowStatus::kError,
       std::string(what) + " has " + std::to_string(num_tokens) + " tokens, but only " +
           std::to_string(max_prompt_tokens_) + " fit the context of " +
           std::to_string(max_context_) + " with an answer of " + std::to_string(answer_tokens_),
       input);
}

void PromptRows::Cut(PrepareScratch& scratch, ModelInput& input) const {
  std::vector<CuttableValue> values;
  values.reserve(scratch.values.size());
  for (std::string& text : scratch.values) {
    values.emplace_back(encoder_.tokenizer(), scratch.tokenizer, text);
  }
  for (CuttableValue& value : values) {
    if (value.kept() <= max_prompt_tokens_) continue;
    if (overflow_ == Overflow::kError) return FailTooLong("the text alone", value.kept(), input);
    value.Keep(max_prompt_tokens_, overflow_);
    input.status = RowStatus::kTruncated;
  }
  for (int round = 0;; ++round) {
    Encode(scratch, input);
    if (input.status == RowStatus::kError) return;
    if (input.tokens.size() <= max_prompt_tokens_) break;
    if (overflow_ == Overflow::kError) return FailTooLong("the prompt", input.tokens.size(), input);
    input.status = RowStatus::kTruncated;
    const auto longest = std::max_element(
        values.begin(), values.end(),
        [](const CuttableValue& a, const CuttableValue& b) { return a.kept() < b.kept(); });
    if (longest->kept() == 0) return FailTooLong("the prompt", input.tokens.size(), input);
    const size_t excess = input.tokens.size() - max_prompt_tokens_;
    const size_t fewer = round < kExactRounds ? excess : std::max(excess, longest->kept() / 2);
    longest->Keep(longest->kept() - std::min(fewer, longest->kept()), overflow_);
  }
  // Where the room is less than one character of the row, there is nothing to ask about.
  if (std::all_of(scratch.values.begin(), scratch.values.end(), IsBlankText)) {
    Fail(RowStatus::kError, "the prompt leaves no room for the row's text in the context", input);
  }
}

}  // namespace rowmill
