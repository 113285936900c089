#include "tasks/similar.h"

#include "base/check.h"
#include "base/error.h"
#include "tasks/embed.h"

namespace rowmill {
namespace {

TextCollection ReadOthers(const TaskModel& model, const PromptRows& rows,
                          const SimilarOptions& options, FileSystem& file_system,
                          ThreadTeam& team) {
  CHECK(model.encoder != nullptr);
  TextEmbedder embedder(*model.encoder, team);
  return TextCollection(
      rows, {.path = options.others, .id_column = {}, .redactor = options.prompt.redactor},
      file_system, embedder);
}

size_t ValidNumber(size_t num_results) {
  if (num_results > 0 && num_results <= 1000) return num_results;
  throw UsageError("-k takes a number from 1 to 1000");
}

}  // namespace

SimilarTask::SimilarTask(const TaskModel& model, const SimilarOptions& options,
                         FileSystem& file_system, ThreadTeam& team)
    : rows_(model, options.prompt,
            PromptEncoder(model, EncoderPrompt(options.prompt), PlainTextPrompt()), 0),
      num_results_(ValidNumber(options.num_results)),
      others_(ReadOthers(model, rows_, options, file_system, team)) {}

void SimilarTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  const std::vector<float>& vector = result.decoded.embedding;
  if (vector.empty()) return;
  cells[0] = JsonText{others_.ToJson(others_.Nearest(vector, num_results_))};
}

std::vector<std::pair<std::string, std::string>> SimilarTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "similar"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  entries.emplace_back("others", others_.hash());
  entries.emplace_back("k", std::to_string(num_results_));
  return entries;
}

}  // namespace rowmill
