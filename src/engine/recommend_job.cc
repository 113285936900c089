#include "engine/recommend_job.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/whole_file.h"
#include "data/json_text.h"
#include "data/sink.h"
#include "engine/fingerprint.h"
#include "engine/machine_entries.h"
#include "engine/output_part.h"
#include "metrics/ranking.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

// Users that are scored before their rows are written: what a run holds of its output.
constexpr size_t kBlockUsers = 1024;
constexpr size_t kUsersPerTask = 8;
// Of Columns(); the item is what an output of plain text has.
constexpr size_t kRankColumn = 1;
constexpr size_t kItemColumn = 2;
constexpr size_t kScoreColumn = 4;

const std::vector<std::string>& Columns() {
  static const std::vector<std::string> columns = {"user",  "rank",  "item",   "title",
                                                   "score", "basis", "because"};
  return columns;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<std::pair<std::string, std::string>> OptionEntries(const RecommendJobOptions& options) {
  const RecommendationOptions& recommend = options.recommendations;
  std::vector<std::pair<std::string, std::string>> entries = {
      {"user", options.columns.user},
      {"item", options.columns.item},
      {"rating", options.columns.rating},
      {"time", options.columns.time},
      {"item-text", Joined(options.item_columns.text)},
      {"item-title", options.item_columns.title},
      {"k", std::to_string(recommend.count)},
      {"new", std::to_string(recommend.num_new)},
      {"seen", recommend.seen == RecommendationOptions::Seen::kKeep ? "keep" : "leave out"},
      {"gold", options.gold_column}};
  if (options.limit) entries.emplace_back("limit", std::to_string(*options.limit));
  if (options.evaluation) {
    entries.emplace_back("evaluate", std::to_string(options.evaluation->num_draws) + " x " +
                                         std::to_string(options.evaluation->num_negatives) +
                                         " from seed " + std::to_string(options.evaluation->seed));
  }
  return entries;
}

std::vector<std::pair<std::string, std::string>> RerankEntries(const RerankOptions& options) {
  std::vector<std::pair<std::string, std::string>> entries = {
      {"rerank-users", std::to_string(options.users)}};
  if (options.weight) {
    std::string weight;
    AppendJsonNumber(*options.weight, weight);
    entries.emplace_back("rerank-weight", weight);
  }
  return entries;
}

Fingerprint MakeFingerprint(const RecommendJobOptions& options, const RecommendContext& context) {
  Fingerprint fingerprint;
  fingerprint.Add("engine", ROWMILL_VERSION);
  fingerprint.Add("task", "recommend");
  fingerprint.Add("model", context.content != nullptr ? context.content->sha256 : "");
  if (context.titles != nullptr) {
    fingerprint.Add("rerank.model", context.titles->model.sha256);
    fingerprint.Add("rerank.numerics", context.titles->model.numerics);
    for (const auto& [name, value] : RerankEntries(options.rerank)) fingerprint.Add(name, value);
  }
  for (const auto& [name, value] : OptionEntries(options)) fingerprint.Add(name, value);
  AddSource(fingerprint, "ratings", *context.file_system, options.ratings);
  if (options.items) AddSource(fingerprint, "items", *context.file_system, *options.items);
  if (options.users) AddSource(fingerprint, "users", *context.file_system, *options.users);
  if (options.output_format) {
    fingerprint.Add("output.format", std::string(FormatName(*options.output_format)));
  }
  fingerprint.Add("output.csv-safe", options.csv_safe ? "on" : "off");
  return fingerprint;
}

// Whether OUTPUT is what this very job has written.
bool IsFinished(FileSystem& file_system, const std::string& output, const std::string& digest) {
  const std::string path = output + ".run.json";
  if (!file_system.Exists(path)) return false;
  const Json run = Json::parse(ReadWhole(*file_system.Open(path, OpenMode::kRead)), nullptr,
                               /*allow_exceptions=*/false);
  if (!run.is_object() || !run.contains("job") || !run["job"].is_object()) return false;
  const Json& job = run["job"];
  return job.value("fingerprint", Json()) == Json(digest) &&
         job.value("output_bytes", Json()) == Json(file_system.Info(output).size);
}

// One user to recommend to, or a row that names none.
struct Request {
  std::string user;
  std::optional<uint32_t> number;  // of the ratings; nothing: they know no such user
  std::string error;               // why the row is invalid
  std::optional<uint32_t> gold;    // the item looked for
  bool has_gold = false;
};

class Job {
 public:
  Job(const RecommendJobOptions& options, const RecommendContext& context)
      : options_(options), context_(context), team_(options.num_units) {
    limits_.rows = options.limit;
    limits_.stop_requested = [this] {
      return context_.stop != nullptr && context_.stop->load(std::memory_order_relaxed);
    };
  }

  void Read() {
    const SteadyTime start = std::chrono::steady_clock::now();
    const std::unique_ptr<Source> source = OpenSource(*context_.file_system, options_.ratings);
    ratings_ = ReadRatings(*source, options_.columns, limits_);
    report_.rating_rows = ratings_.num_rows;
    report_.ratings = ratings_.interactions.size();
    report_.invalid_ratings = ratings_.num_invalid;
    report_.repeated_ratings = ratings_.num_repeated;
    report_.first_invalid_rating = ratings_.first_problem;
    report_.users = ratings_.users.size();
    report_.items = ratings_.items.size();
    if (options_.items) {
      const std::unique_ptr<Source> items = OpenSource(*context_.file_system, *options_.items);
      ReadLimits all = limits_;
      all.rows.reset();
      texts_ = ReadItems(*items, options_.item_columns, all, ratings_.items);
      report_.unrated_items = texts_.num_unrated;
      report_.invalid_items = texts_.num_invalid;
      report_.repeated_items = texts_.num_repeated;
      report_.first_invalid_item = texts_.first_problem;
    }
    for (size_t user = 0; user < ratings_.users.size(); ++user) {
      report_.cold_users += ratings_.interactions.ItemsOf(user).empty() ? 1 : 0;
    }
    report_.read_seconds = SecondsSince(start);
  }

  RecommendPlan Plan() {
    Read();
    RecommendPlan plan;
    plan.read = report_;
    plan.item_model =
        report_.items <= ItemWeights::kMostDenseItems ? ItemModel::kEase : ItemModel::kNeighbours;
    const uint64_t items = report_.items;
    // Item and rating of each interaction by user and by item, and the same without the last ones;
    // what was read of it is freed before.
    const uint64_t interactions = 4 * report_.ratings * (sizeof(uint32_t) + sizeof(float));
    const uint64_t weights = plan.item_model == ItemModel::kEase
                                 ? 3 * items * items * sizeof(float)
                                 : 2 * items * ItemWeights::kNeighbours * 2 * sizeof(float);
    const uint64_t vectors =
        (report_.users + items) * sizeof(float) * (ImplicitOptions().rank + RatingOptions().rank);
    plan.memory_bytes = interactions + weights + vectors;
    if (context_.titles != nullptr) {
      plan.titles = PlanTitles();
      plan.memory_bytes += plan.titles->job.memory.total_bytes();
    }
    return plan;
  }

  RecommendPlan::Titles PlanTitles() const {
    const LastOut held_out = TakeLastOut(ratings_.interactions);
    std::vector<float> popularity(held_out.rest.num_items, 0.0f);
    for (const uint32_t item : held_out.rest.items) popularity[item] += 1.0f;
    std::vector<RerankQuestion> questions;
    for (const uint32_t user : SpreadUsers(held_out, options_.rerank.users)) {
      const std::span<const uint32_t> history = held_out.rest.ItemsOf(user);
      std::vector<float> scores = popularity;
      for (const uint32_t item : history) scores[item] = -std::numeric_limits<float>::infinity();
      questions.push_back(
          {LikedItems(history, held_out.rest.RatingsOf(user)), BestItems(scores, kRerankDepth)});
    }
    RecommendPlan::Titles titles;
    titles.users = questions.size();
    titles.all_users = report_.users - report_.cold_users;
    titles.job = TitleReranker(*context_.titles, texts_.titles).Plan(questions);
    return titles;
  }

  RecommendReport Run() {
    const SteadyTime start = std::chrono::steady_clock::now();
    CheckSource(*context_.file_system, options_.ratings);
    if (options_.items) CheckSource(*context_.file_system, *options_.items);
    if (options_.users) CheckSource(*context_.file_system, *options_.users);
    const std::string digest = MakeFingerprint(options_, context_).Digest();
    const bool has_file = !options_.output.empty() && options_.output != "-";
    if (has_file && context_.file_system->Exists(options_.output) && !options_.overwrite) {
      if (!IsFinished(*context_.file_system, options_.output, digest)) {
        throw UsageError("'" + options_.output +
                         "' exists already: give --overwrite to replace it, or another output "
                         "file");
      }
      report_.run.finished_before = true;
      report_.run.output = options_.output;
      return report_;
    }
    Read();
    const SteadyTime fit_start = std::chrono::steady_clock::now();
    EmbedItems();
    data_.interactions = &ratings_.interactions;
    data_.content = has_vectors_ ? &*content_ : nullptr;
    data_.kernels = context_.kernels;
    data_.team = &team_;
    data_.stop_requested = limits_.stop_requested;
    if (context_.titles != nullptr) {
      reranker_.emplace(*context_.titles, texts_.titles);
      score_titles_ = [this](std::span<const RerankQuestion> questions) {
        return reranker_->Score(questions);
      };
    }
    const ScoreTitles* score_titles = reranker_ ? &score_titles_ : nullptr;
    if (options_.evaluation) {
      report_.evaluation = Evaluate(data_, *options_.evaluation, score_titles);
    }
    if (!options_.output.empty()) {
      report_.mixture = ChooseMixture(data_);
      if (reranker_) {
        report_.mixture->rerank =
            RerankWeight(data_, *report_.mixture, score_titles_, options_.rerank);
      }
      recommender_.emplace(Recommender::Fit(data_, *report_.mixture));
    }
    report_.fit_seconds = SecondsSince(fit_start);
    if (!options_.output.empty()) Write();
    FillRun(digest, SecondsSince(start));
    if (has_file) {
      WriteWhole(*context_.file_system, options_.output + ".run.json", report_.ToJson());
    }
    return report_;
  }

 private:
  void EmbedItems() {
    if (!options_.items) return;
    std::vector<uint32_t> described;
    std::vector<std::string> texts;
    for (size_t item = 0; item < texts_.texts.size(); ++item) {
      if (texts_.texts[item].empty()) continue;
      described.push_back(static_cast<uint32_t>(item));
      texts.push_back(texts_.texts[item]);
    }
    std::vector<std::vector<float>> vectors(texts.size());
    if (context_.content != nullptr) vectors = context_.content->embed(texts, team_);
    has_vectors_ = context_.content != nullptr && !texts.empty();
    content_.emplace(texts_.texts.size(), has_vectors_ ? vectors.front().size() : 0);
    for (size_t i = 0; i < described.size(); ++i) {
      content_->Set(described[i], std::move(texts[i]), vectors[i]);
    }
    content_->IndexWords();
  }

  void Write() {
    score_start_ = std::chrono::steady_clock::now();
    source_.recommender = &*recommender_;
    source_.content = content_ ? &*content_ : nullptr;
    source_.num_taken = ratings_.interactions.num_items;
    scratch_.resize(team_.num_threads());
    const bool is_file = options_.output != "-";
    std::optional<OutputPart> part;
    DescriptorByteSink standard_output(context_.stdout_fd, "standard output");
    if (is_file) part.emplace(*context_.file_system, options_.output);
    SinkOptions sink_options;
    sink_options.format = options_.output_format ? *options_.output_format
                          : is_file              ? RequireFormat(options_.output)
                                                 : Format::kJsonl;
    sink_options.csv_safe = options_.csv_safe;
    sink_options.answer_column = kItemColumn;
    ByteSink& bytes = is_file ? part->sink() : standard_output;
    OutputSchema schema = ResolveOutputSchema({}, Columns());
    schema.task_kinds.assign(Columns().size(), CellKind::kText);
    schema.task_kinds[kRankColumn] = CellKind::kInteger;
    schema.task_kinds[kScoreColumn] = CellKind::kNumber;
    sink_ = !is_file && context_.make_sink ? context_.make_sink(std::move(schema))
                                           : MakeSink(sink_options, std::move(schema), bytes);
    record_.format = Format::kCsv;
    if (options_.users) {
      WriteUsersOf(*options_.users);
    } else {
      num_expected_ = ratings_.users.size();
      for (size_t user = 0; user < ratings_.users.size(); ++user) {
        Add({ratings_.users.name(user), static_cast<uint32_t>(user), "", {}, false});
      }
    }
    WriteBlock();
    sink_->Finish();
    if (is_file) report_.run.output_bytes = part->Commit();
    report_.score_seconds = SecondsSince(score_start_);
  }

  void WriteUsersOf(const SourceOptions& options) {
    const std::unique_ptr<Source> users = OpenSource(*context_.file_system, options);
    const auto require_columns = [&] {
      RequireColumn(users->columns(), options_.columns.user, "--user (in --users)");
      if (!options_.gold_column.empty()) {
        RequireColumn(users->columns(), options_.gold_column, "--gold");
      }
    };
    if (users->format() != Format::kJsonl) require_columns();
    report_.users = 0;
    report_.cold_users = 0;
    Record record;
    while (users->Next(record)) {
      Request request;
      const std::optional<FieldValue> name =
          record.problem.empty() ? record.Field(options_.columns.user) : std::nullopt;
      if (!record.problem.empty()) {
        request.error = record.problem;
      } else if (const char* problem = NameProblem(name)) {
        request.error = "column '" + options_.columns.user + "' " + problem;
      } else {
        request.user = name->text;
        request.number = ratings_.users.Find(request.user);
      }
      if (!options_.gold_column.empty() && request.error.empty()) {
        const std::optional<FieldValue> gold = record.Field(options_.gold_column);
        request.has_gold = NameProblem(gold) == nullptr;
        if (request.has_gold) request.gold = ratings_.items.Find(gold->text);
      }
      ++report_.users;
      Add(std::move(request));
    }
    if (users->damage()) throw DataError(*users->damage());
    if (users->format() == Format::kJsonl && users->columns().size() > 0 &&
        !users->columns_overflowed()) {
      require_columns();
    }
  }

  void Add(Request request) {
    block_.push_back(std::move(request));
    if (block_.size() == kBlockUsers) WriteBlock();
  }

  std::span<const uint32_t> HistoryOf(const Request& request) const {
    if (!request.number) return {};
    return ratings_.interactions.ItemsOf(*request.number);
  }

  void WriteBlock() {
    // A user who comes again has the answer of the first time.
    std::unordered_map<std::string, size_t> first;
    std::vector<size_t> answer_of(block_.size());
    std::vector<size_t> distinct;
    for (size_t i = 0; i < block_.size(); ++i) {
      const auto [at, is_new] = first.emplace(block_[i].user, distinct.size());
      if (is_new) distinct.push_back(i);
      answer_of[i] = at->second;
      if (!is_new && block_[i].error.empty()) ++report_.run.duplicate_rows;
    }
    std::vector<std::vector<Recommendation>> answers(distinct.size());
    RecommendationOptions listed = options_.recommendations;
    if (Reranks()) listed.num_candidates = kRerankDepth + listed.num_new;
    const size_t num_tasks = (distinct.size() + kUsersPerTask - 1) / kUsersPerTask;
    team_.ParallelFor(num_tasks, [&](size_t task, size_t worker) {
      const size_t end = std::min((task + 1) * kUsersPerTask, distinct.size());
      for (size_t i = task * kUsersPerTask; i < end; ++i) {
        const Request& request = block_[distinct[i]];
        if (!request.error.empty()) continue;
        answers[i] = Recommend(source_, request.number.value_or(0), HistoryOf(request), listed,
                               scratch_[worker]);
      }
    });
    if (Reranks()) RerankBlock(distinct, answers);
    for (size_t i = 0; i < block_.size(); ++i) WriteRequest(block_[i], answers[answer_of[i]]);
    block_.clear();
    if (limits_.stop_requested()) throw StoppedError("stopped while writing; start it again");
    Report();
  }

  bool Reranks() const { return report_.mixture->rerank.value_or(0.0f) > 0.0f; }

  // Titles are asked about for all users of the block at once.
  void RerankBlock(std::span<const size_t> distinct,
                   std::vector<std::vector<Recommendation>>& answers) {
    std::vector<RerankQuestion> questions;
    std::vector<size_t> places;
    for (size_t i = 0; i < distinct.size(); ++i) {
      const Request& request = block_[distinct[i]];
      const std::span<const uint32_t> history = HistoryOf(request);
      if (history.empty()) continue;
      const size_t num_new =
          NumNewPlaces(options_.recommendations, ratings_.interactions.num_items, answers[i]);
      RerankQuestion question;
      question.liked = LikedItems(history, ratings_.interactions.RatingsOf(*request.number));
      const size_t count = std::min(kRerankDepth, answers[i].size() - num_new);
      for (size_t j = 0; j < count; ++j) question.candidates.push_back(answers[i][j].item);
      questions.push_back(std::move(question));
      places.push_back(i);
    }
    const std::vector<std::vector<double>> scores = score_titles_(questions);
    for (size_t i = 0; i < places.size(); ++i) {
      std::vector<Recommendation>& list = answers[places[i]];
      Rerank(scores[i], static_cast<double>(*report_.mixture->rerank), list);
      KeepBest(options_.recommendations, ratings_.interactions.num_items, list);
    }
  }

  void WriteRequest(const Request& request, std::span<const Recommendation> answer) {
    ++num_done_;
    const bool is_cold = request.error.empty() && HistoryOf(request).empty();
    if (options_.users && is_cold) ++report_.cold_users;
    if (!request.error.empty()) {
      WriteRow({}, RowStatus::kInvalid, request.error);
      return;
    }
    uint64_t gold_rank = 0;
    std::vector<Cell> cells;
    for (size_t i = 0; i < answer.size(); ++i) {
      const Recommendation& one = answer[i];
      if (request.gold && one.item == *request.gold) gold_rank = i + 1;
      cells.assign({request.user, static_cast<int64_t>(i + 1), ratings_.items.name(one.item),
                    Title(one.item), Number(one.score), std::string(BasisName(one.basis)),
                    Because(one)});
      WriteRow(cells, RowStatus::kOk, "");
    }
    if (request.has_gold) {
      // One that is not in the list has no rank, which counts as one behind it.
      gold_.Add(gold_rank > 0 ? gold_rank : options_.recommendations.count + 1);
    }
    if (!answer.empty()) return;
    cells.assign(Columns().size(), std::monostate());
    cells[0] = request.user;
    WriteRow(cells, RowStatus::kError, "there is no item left that the user has not had");
  }

  void WriteRow(std::span<const Cell> cells, RowStatus status, std::string_view error) {
    sink_->Write(record_, {cells, status, error});
    ++report_.run.rows_by_status[static_cast<size_t>(status)];
    ++report_.run.rows;
  }

  // A number with the digits of single precision, which is what scores are.
  static double Number(float value) {
    std::string digits;
    AppendJsonNumber(value, digits);
    double number = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }

  Cell Title(uint32_t item) const {
    if (item >= texts_.titles.size() || texts_.titles[item].empty()) return std::monostate();
    return texts_.titles[item];
  }

  // [{"item": "50", "title": "Star Wars (1977)", "share": 0.312, "words": ["sci-fi"]}, ...]
  JsonText Because(const Recommendation& recommendation) const {
    JsonText text{"["};
    for (const Reason& reason : recommendation.reasons) {
      if (text.text.size() > 1) text.text += ", ";
      text.text += "{\"item\": ";
      AppendJsonString(ratings_.items.name(reason.item), text.text);
      if (reason.item < texts_.titles.size() && !texts_.titles[reason.item].empty()) {
        text.text += ", \"title\": ";
        AppendJsonString(texts_.titles[reason.item], text.text);
      }
      text.text += ", \"share\": ";
      AppendJsonNumber(reason.share, text.text);
      if (!reason.words.empty()) {
        text.text += ", \"words\": [";
        for (size_t i = 0; i < reason.words.size(); ++i) {
          if (i > 0) text.text += ", ";
          AppendJsonString(reason.words[i], text.text);
        }
        text.text += "]";
      }
      text.text += "}";
    }
    text.text += "]";
    return text;
  }

  void Report() {
    if (!context_.on_progress) return;
    JobProgress progress;
    progress.stage = JobProgress::Stage::kRun;
    progress.rows_done = num_done_;
    progress.rows_total = std::max(num_expected_, num_done_);
    progress.tokens_done = progress.rows_done;
    progress.tokens_total = progress.rows_total;
    progress.row_name = progress.work_name = "users";
    progress.seconds = SecondsSince(score_start_);
    context_.on_progress(progress);
  }

  void FillRun(const std::string& digest, double wall_seconds) {
    RunReport& run = report_.run;
    run.task = "recommend";
    run.work_name = "users";
    if (context_.content != nullptr) {
      run.model_reference = context_.content->reference;
      run.model_sha256 = context_.content->sha256;
    }
    run.isa = context_.kernels->name;
    run.input = options_.ratings.input.path;
    run.output = options_.output;
    run.num_units = options_.num_units;
    run.options = OptionEntries(options_);
    if (context_.titles != nullptr) {
      run.options.emplace_back("rerank", context_.titles->model.reference);
      for (const auto& entry : RerankEntries(options_.rerank)) run.options.push_back(entry);
    }
    run.fingerprint = run.undivided = digest;
    run.machine = MachineEntries();
    run.computed_rows = run.rows;
    run.plan_seconds = report_.read_seconds;
    run.inference_seconds = report_.fit_seconds + report_.score_seconds;
    run.wall_seconds = wall_seconds;
    if (report_.first_invalid_rating) {
      const RowProblem& problem = *report_.first_invalid_rating;
      run.first_failure = {problem.row, problem.line, problem.what, ""};
    }
    if (gold_.count() > 0) {
      run.gold_measure = {
          gold_.count(),
          {{"hit_rate", gold_.hit_rate()}, {"ndcg", gold_.ndcg()}, {"mrr", gold_.mrr()}}};
    }
  }

  const RecommendJobOptions& options_;
  const RecommendContext& context_;
  ThreadTeam team_;
  ReadLimits limits_;
  RecommendReport report_;
  Ratings ratings_;
  ItemTexts texts_;
  std::optional<ItemContent> content_;
  bool has_vectors_ = false;
  RecommenderData data_;
  std::optional<Recommender> recommender_;
  std::optional<TitleReranker> reranker_;
  ScoreTitles score_titles_;  // by it; empty where there is none
  RecommendationSource source_;
  std::vector<RecommendScratch> scratch_;
  std::unique_ptr<Sink> sink_;
  Record record_;  // without fields: what is read is not passed through
  std::vector<Request> block_;
  uint64_t num_done_ = 0;
  uint64_t num_expected_ = 0;
  SteadyTime score_start_;
  RankingSum gold_{options_.recommendations.count};
};

}  // namespace

RecommendReport RunRecommendJob(const RecommendJobOptions& options,
                                const RecommendContext& context) {
  return Job(options, context).Run();
}

RecommendPlan PlanRecommendJob(const RecommendJobOptions& options,
                               const RecommendContext& context) {
  return Job(options, context).Plan();
}

}  // namespace rowmill
