#include "engine/title_reranker.h"

#include <limits>
#include <memory>
#include <optional>

#include "base/whole_file.h"
#include "data/json_text.h"
#include "engine/job_run.h"
#include "tasks/title_score.h"

namespace rowmill {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kNoHistory = "- N/A";

// Takes the rows of the inner job, whose answers are seen on their way (JobContext::on_row).
class NoBytes final : public ByteSink {
 public:
  void Write(std::span<const std::byte> /*bytes*/) override {}
};

struct TitleRow {
  size_t question = 0;  // kPrior: none
  size_t candidate = 0;
  uint32_t item = 0;
};
constexpr size_t kPrior = std::numeric_limits<size_t>::max();

void AppendRow(std::string_view history, std::string_view title, std::string& rows) {
  rows += "{\"history\":";
  AppendJsonString(history, rows);
  rows += ",\"title\":";
  AppendJsonString(title, rows);
  rows += "}\n";
}

// The sum of log-probabilities of each of `count` rows; NaN where there is none.
std::vector<double> RunTitles(const TitleModel& model, TitleScoreTask& task,
                              const std::string& rows, size_t count) {
  FileSystem& file_system = *model.context.file_system;
  const ScratchFolder folder;
  JobOptions options = model.work;
  options.source = {};
  options.source.input.path = folder.path() + "/titles.jsonl";
  options.output = "-";
  options.output_format = Format::kJsonl;
  WriteWhole(file_system, options.source.input.path, rows);
  std::vector<double> sums(count, kNone);
  NoBytes nowhere;
  JobContext context = model.context;
  context.make_sink = [&](OutputSchema schema) {
    return MakeSink({.format = Format::kJsonl}, std::move(schema), nowhere);
  };
  context.on_row = [&](const RowAnswer& row, const OutputRow&) {
    const std::vector<double>& scores = row.results.front().decoded.label_log_probs;
    if (!scores.empty()) sums.at(row.record.index) = scores.front();
  };
  RunJob(options, model.model, task, context);
  return sums;
}

}  // namespace

std::string TitleReranker::HistoryText(std::span<const uint32_t> liked) const {
  std::string text;
  for (const uint32_t item : liked) {
    if (titles_[item].empty()) continue;
    text += (text.empty() ? "- " : "\n- ") + titles_[item];
  }
  return text;
}

std::vector<std::vector<double>> TitleReranker::Score(std::span<const RerankQuestion> questions) {
  std::vector<std::vector<double>> scores(questions.size());
  TitleScoreTask task(model_.text);
  std::vector<TitleRow> rows;
  std::string text;
  for (size_t i = 0; i < questions.size(); ++i) {
    const RerankQuestion& question = questions[i];
    scores[i].assign(question.candidates.size(), kNone);
    const std::string history = HistoryText(question.liked);
    if (history.empty()) continue;
    for (size_t j = 0; j < question.candidates.size(); ++j) {
      const uint32_t item = question.candidates[j];
      if (titles_[item].empty()) continue;
      rows.push_back({i, j, item});
      AppendRow(history, titles_[item], text);
    }
  }
  const size_t num_pairs = rows.size();
  for (size_t row = 0; row < num_pairs; ++row) {
    std::optional<double>& prior = priors_[rows[row].item];
    if (prior) continue;
    prior = kNone;
    rows.push_back({kPrior, 0, rows[row].item});
    AppendRow(kNoHistory, titles_[rows[row].item], text);
  }
  if (rows.empty()) return scores;
  const std::vector<double> sums = RunTitles(model_, task, text, rows.size());
  for (size_t row = num_pairs; row < rows.size(); ++row) priors_[rows[row].item] = sums[row];
  for (size_t row = 0; row < num_pairs; ++row) {
    const TitleRow& at = rows[row];
    const auto num_tokens = static_cast<double>(task.NumTokens(titles_[at.item]));
    scores[at.question][at.candidate] = (sums[row] - *priors_[at.item]) / num_tokens;
  }
  return scores;
}

}  // namespace rowmill
