// The titles' scores of recommend/rerank.h, by a language model: for each candidate
//
//   (log P(title | titles that the user liked) - log P(title | no titles)) / tokens of the title,
//
// so that neither long titles nor titles of rare words lose by that alone (contextual calibration,
// arXiv:2102.09690).
//
// Each call is a job (engine/job.h) whose rows are pairs of a history and a title: the prompt of a
// user is computed once for all candidates, and titles without a history once for all users.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/job.h"
#include "recommend/rerank.h"
#include "tasks/prompt_options.h"

namespace rowmill {

// A language model that reads titles; what it refers to outlives the run.
struct TitleModel {
  JobModel model;
  TaskModel text;
  // Of the work: units, threads, budget, memory. Changes no score.
  JobOptions work;
  JobContext context;
};

class TitleReranker {
 public:
  // `titles` [items]: empty where an item has none. All outlive the object.
  TitleReranker(const TitleModel& model, std::span<const std::string> titles)
      : model_(model), titles_(titles), priors_(titles.size()) {}

  // As ScoreTitles says. Throws StoppedError.
  std::vector<std::vector<double>> Score(std::span<const RerankQuestion> questions);
  // What that would take.
  JobPlan Plan(std::span<const RerankQuestion> questions) const;

 private:
  struct Rows;
  // Those of the questions, and behind them those without a history that were not asked about yet.
  Rows MakeRows(std::span<const RerankQuestion> questions) const;
  std::string HistoryText(std::span<const uint32_t> liked) const;

  const TitleModel& model_;
  std::span<const std::string> titles_;
  std::vector<std::optional<double>> priors_;  // log P(title | no titles), where it was asked for
};

}  // namespace rowmill
