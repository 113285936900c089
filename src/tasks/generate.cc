#include "tasks/generate.h"

#include <memory>

#include "base/check.h"
#include "base/error.h"
#include "data/json_text.h"
#include "tasks/stop_strings.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

const GenerateOptions& Validated(const GenerateOptions& options) {
  if (!options.prompt.prompt) {
    throw UsageError(
        "generate needs a prompt: --prompt 'Summarise in one line: {{body}}' or --prompt-file "
        "FILE.");
  }
  if (options.max_tokens == 0) throw UsageError("--max-tokens 0: it must be at least 1.");
  if (options.num_samples == 0 || options.num_samples > kMaxSamples) {
    throw UsageError("--samples " + std::to_string(options.num_samples) +
                     ": it must be from 1 to " + std::to_string(kMaxSamples) + ".");
  }
  options.sampling.Validate();
  if (options.num_samples > 1 && options.sampling.temperature == 0.0f) {
    throw UsageError("--samples " + std::to_string(options.num_samples) +
                     ": at temperature 0 all samples are the same; set --temperature, as in "
                     "--temperature 0.8.");
  }
  ValidateStopStrings(options.stop);
  return options;
}

DecodeSpec MakeSpec(const Tokenizer& tokenizer, const GenerateOptions& options) {
  GenerateSpec spec;
  spec.sampling = options.sampling;
  spec.max_tokens = options.max_tokens;
  spec.num_samples = options.num_samples;
  if (!options.ignore_eos) spec.end_tokens = tokenizer.vocabulary().end_of_generation;
  if (!options.stop.empty()) {
    spec.stop_rule = std::make_shared<const StopStringRule>(tokenizer, options.stop);
  }
  return spec;
}

bool HasAnswer(const RowResult& result) {
  return IsFine(result.status) && result.decoded.finite && !result.decoded.answers.empty();
}

std::string NumberText(float value) {
  std::string text;
  AppendJsonNumber(value, text);
  return text;
}

}  // namespace

GenerateTask::GenerateTask(const TaskModel& model, const GenerateOptions& options)
    : tokenizer_(*model.tokenizer),
      max_seq_len_(model.max_seq_len),
      options_(Validated(options)),
      rows_(model, options.prompt, PromptEncoder(model, options.prompt, {}), options.max_tokens),
      decode_spec_(MakeSpec(tokenizer_, options)) {
  columns_ = {"text"};
  for (uint32_t sample = 2; sample <= options.num_samples; ++sample) {
    columns_.push_back("text_" + std::to_string(sample));
  }
  if (options.finish_reason) columns_.push_back("finish_reason");
}

std::string GenerateTask::AnswerText(std::span<const int32_t> answer) const {
  std::string bytes;
  AppendAnswerBytes(tokenizer_, answer, bytes);
  bytes.resize(FindStop(bytes, options_.stop));
  return MakeValidUtf8(bytes).text;
}

bool GenerateTask::IsWhole(const RowResult& result, size_t sample) const {
  const std::vector<int32_t>& answer = result.decoded.answers[sample];
  std::string bytes;
  AppendAnswerBytes(tokenizer_, answer, bytes);
  if (FindStop(bytes, options_.stop) < bytes.size()) return true;
  return answer.size() < options_.max_tokens && result.prompt_tokens + answer.size() < max_seq_len_;
}

void GenerateTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(columns_.size(), std::monostate());
  if (!HasAnswer(result)) return;
  CHECK(result.decoded.answers.size() == options_.num_samples);
  for (size_t i = 0; i < options_.num_samples; ++i) {
    cells[i] = AnswerText(result.decoded.answers[i]);
  }
  if (options_.finish_reason) cells.back() = std::string(Name(result.decoded.finish));
}

std::vector<std::pair<std::string, std::string>> GenerateTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "generate"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  const SamplingOptions& sampling = options_.sampling;
  entries.emplace_back("max_tokens", std::to_string(options_.max_tokens));
  entries.emplace_back("samples", std::to_string(options_.num_samples));
  entries.emplace_back("temperature", NumberText(sampling.temperature));
  entries.emplace_back("top_k", std::to_string(sampling.top_k));
  entries.emplace_back("top_p", NumberText(sampling.top_p));
  entries.emplace_back("min_p", NumberText(sampling.min_p));
  entries.emplace_back("repetition_penalty", NumberText(sampling.repetition_penalty));
  entries.emplace_back("seed", std::to_string(sampling.seed));
  std::string stops;
  for (const std::string& stop : options_.stop) {
    stops += stops.empty() ? "[" : ", ";
    AppendJsonString(stop, stops);
  }
  if (!stops.empty()) entries.emplace_back("stop", stops + "]");
  entries.emplace_back("finish_reason", options_.finish_reason ? "yes" : "no");
  entries.emplace_back("ignore_eos", options_.ignore_eos ? "yes" : "no");
  return entries;
}

}  // namespace rowmill
