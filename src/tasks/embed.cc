#include "tasks/embed.h"

#include "base/error.h"

namespace rowmill {

const BuiltinPrompt& PlainTextPrompt() {
  static const BuiltinPrompt kPrompt = {
      .chat = "", .raw = "{{text}}", .preferred = PromptMode::kRaw};
  return kPrompt;
}

PromptOptions EncoderPrompt(const PromptOptions& options) {
  if (options.system) {
    throw UsageError("--system: an encoder has no place for a system message.");
  }
  PromptOptions raw = options;
  raw.mode = PromptMode::kRaw;
  return raw;
}

EmbedTask::EmbedTask(const TaskModel& model, const PromptOptions& prompt)
    : rows_(model, prompt, PromptEncoder(model, EncoderPrompt(prompt), PlainTextPrompt()), 0) {}

void EmbedTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  if (!result.decoded.embedding.empty()) cells[0] = result.decoded.embedding;
}

std::vector<std::pair<std::string, std::string>> EmbedTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "embed"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  return entries;
}

}  // namespace rowmill
