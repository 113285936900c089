// Reads ratings, fits a recommender to them and writes what it recommends to each user: the job of
// `rowmill recommend`.
//
// What it is not: a job of the pipeline (engine/job.h). A fit needs all rows at once, and no row
// waits for a model, so that there is nothing to journal: a job that was stopped starts anew, and
// its output is there only when whole.
//
// Users come in the order in which the ratings name them first, or in that of --users, each with
// its recommendations, best first, one a row. Every user has a row, also one for whom there is
// nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/sink.h"
#include "data/source.h"
#include "engine/job.h"
#include "engine/run_report.h"
#include "engine/title_reranker.h"
#include "recommend/evaluation.h"
#include "recommend/items_reader.h"
#include "recommend/ratings_reader.h"
#include "recommend/recommendations.h"

namespace rowmill {

struct RecommendJobOptions {
  SourceOptions ratings;
  RatingColumns columns;
  std::optional<SourceOptions> items;
  ItemColumns item_columns;
  std::optional<SourceOptions> users;  // whom to recommend to; all that the ratings name otherwise
  std::string gold_column;             // of `users`: the item looked for; empty: none

  std::string output = "-";  // "-" is standard output; empty: nothing is recommended
  std::optional<Format> output_format;
  bool csv_safe = false;
  bool overwrite = false;
  std::optional<uint64_t> limit;  // only the first ratings

  RecommendationOptions recommendations;
  std::optional<EvaluationOptions> evaluation;
  RerankOptions rerank;
  size_t num_units = 1;
};

// Where the vectors of items come from; without one, items are known by who took them.
struct ContentModel {
  // The vectors of texts, each of length 1; all of one size.
  std::function<std::vector<std::vector<float>>(std::span<const std::string>, ThreadTeam&)> embed;
  std::string reference;
  std::string sha256;
};

struct RecommendContext {
  FileSystem* file_system = nullptr;
  const kernels::KernelTable* kernels = nullptr;
  const ContentModel* content = nullptr;  // may be null
  const TitleModel* titles = nullptr;     // re-ranks (recommend/rerank.h); may be null
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const JobProgress&)> on_progress;
  int stdout_fd = 1;
  // For an output "-": takes the rows instead of standard output.
  std::function<std::unique_ptr<Sink>(OutputSchema)> make_sink;
};

struct RecommendReport {
  RunReport run;
  uint64_t rating_rows = 0;
  uint64_t ratings = 0;  // used
  uint64_t invalid_ratings = 0;
  uint64_t repeated_ratings = 0;
  std::optional<RowProblem> first_invalid_rating;
  uint64_t users = 0;  // that got recommendations, or a row that says why not
  uint64_t cold_users = 0;
  uint64_t items = 0;  // that somebody has taken
  uint64_t unrated_items = 0;
  uint64_t invalid_items = 0;
  uint64_t repeated_items = 0;
  std::optional<RowProblem> first_invalid_item;
  double read_seconds = 0.0;
  double fit_seconds = 0.0;
  double score_seconds = 0.0;
  std::optional<Mixture> mixture;
  std::optional<Evaluation> evaluation;

  std::string ToJson() const;
};

// Also writes OUTPUT.run.json. Throws StoppedError where `stop` was set, and the typed errors of
// its parts.
RecommendReport RunRecommendJob(const RecommendJobOptions& options,
                                const RecommendContext& context);

// What is read, and what a run would hold in memory; nothing is fitted or written.
struct RecommendPlan {
  // What a language model reads of some users' lists. Which titles these have is not known before a
  // fit: what most users took stands for them, and every list for one that has to be read.
  struct Titles {
    uint64_t users = 0;      // at most, on whom the weight is chosen
    uint64_t all_users = 0;  // who are re-ranked where it is not 0
    JobPlan job;             // of `users`
  };
  RecommendReport read;
  ItemModel item_model = ItemModel::kEase;
  std::optional<Titles> titles;
  uint64_t memory_bytes = 0;  // of all of it
};
RecommendPlan PlanRecommendJob(const RecommendJobOptions& options, const RecommendContext& context);

}  // namespace rowmill
