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

void AppendRow(std::string_view history, std::string_view title, std::string& rows) {
  rows += "{\"history\":";
  AppendJsonString(history, rows);
  rows += ",\"title\":";
  AppendJsonString(title, rows);
  rows += "}\n";
}

// The job over `rows` in a file of the folder.
JobOptions TitleJob(const TitleModel& model, const ScratchFolder& folder, const std::string& rows) {
  JobOptions options = model.work;
  options.source = {};
  options.source.input.path = folder.path() + "/titles.jsonl";
  options.output = "-";
  options.output_format = Format::kJsonl;
  WriteWhole(*model.context.file_system, options.source.input.path, rows);
  return options;
}

// The sum of log-probabilities of each of `count` rows; NaN where there is none.
std::vector<double> RunTitles(const TitleModel& model, TitleScoreTask& task,
                              const std::string& rows, size_t count) {
  const ScratchFolder folder;
  const JobOptions options = TitleJob(model, folder, rows);
  std::vector<double> sums(count, kNone);
  NoBytes nowhere;
  JobContext context = model.context;
  if (context.on_progress) {
    context.on_progress = [&](const JobProgress& at) {
      if (at.stage != JobProgress::Stage::kRun) return;
      JobProgress titles = at;
      titles.row_name = "titles";
      model.context.on_progress(titles);
    };
  }
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

struct TitleReranker::Rows {
  struct Pair {
    size_t question = 0;
    size_t candidate = 0;
    uint32_t item = 0;
  };
  std::vector<Pair> pairs;
  std::vector<uint32_t> priors;  // items
  std::string text;              // of the pairs, then of the priors
};

TitleReranker::Rows TitleReranker::MakeRows(std::span<const RerankQuestion> questions) const {
  Rows rows;
  for (size_t i = 0; i < questions.size(); ++i) {
    const RerankQuestion& question = questions[i];
    const std::string history = HistoryText(question.liked);
    if (history.empty()) continue;
    for (size_t j = 0; j < question.candidates.size(); ++j) {
      const uint32_t item = question.candidates[j];
      if (titles_[item].empty()) continue;
      rows.pairs.push_back({i, j, item});
      AppendRow(history, titles_[item], rows.text);
    }
  }
  std::vector<bool> is_known(titles_.size());
  for (size_t item = 0; item < titles_.size(); ++item) is_known[item] = priors_[item].has_value();
  for (const Rows::Pair& pair : rows.pairs) {
    if (is_known[pair.item]) continue;
    is_known[pair.item] = true;
    rows.priors.push_back(pair.item);
    AppendRow(kNoHistory, titles_[pair.item], rows.text);
  }
  return rows;
}

std::vector<std::vector<double>> TitleReranker::Score(std::span<const RerankQuestion> questions) {
  std::vector<std::vector<double>> scores(questions.size());
  for (size_t i = 0; i < questions.size(); ++i) {
    scores[i].assign(questions[i].candidates.size(), kNone);
  }
  const Rows rows = MakeRows(questions);
  const size_t num_pairs = rows.pairs.size();
  if (num_pairs == 0) return scores;
  TitleScoreTask task(model_.text);
  const std::vector<double> sums =
      RunTitles(model_, task, rows.text, num_pairs + rows.priors.size());
  for (size_t i = 0; i < rows.priors.size(); ++i) priors_[rows.priors[i]] = sums[num_pairs + i];
  for (size_t row = 0; row < num_pairs; ++row) {
    const Rows::Pair& at = rows.pairs[row];
    const auto num_tokens = static_cast<double>(task.NumTokens(titles_[at.item]));
    scores[at.question][at.candidate] = (sums[row] - *priors_[at.item]) / num_tokens;
  }
  return scores;
}

JobPlan TitleReranker::Plan(std::span<const RerankQuestion> questions) const {
  TitleScoreTask task(model_.text);
  const ScratchFolder folder;
  JobContext context = model_.context;
  context.on_progress = nullptr;
  return PlanJob(TitleJob(model_, folder, MakeRows(questions).text), model_.model, task, context);
}

}  // namespace rowmill
