// recommend: what each user may want next, from who took what.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/progress.h"
#include "cli/run_task.h"
#include "engine/recommend_job.h"
#include "kernels/dispatch.h"
#include "tasks/embed_texts.h"
#include "tasks/labels.h"
#include "tasks/loaded_model.h"

namespace rowmill {
namespace {

constexpr const char* kRecommendExamples = R"(
Examples:
  rowmill recommend ratings.csv --user user --item film --rating stars -o recs.jsonl
  rowmill recommend loans.csv --user reader --item book --time day --items books.csv -k 5 -o recs.csv
  rowmill recommend ratings.csv --user user --item film --evaluate)";

struct RecommendFlags {
  JobFlags job;
  RatingColumns columns;
  uint32_t count = 10;
  std::string items;
  std::string item_text;
  std::string item_title;
  std::string rerank;
  uint32_t rerank_users = kRerankUsers;
  std::string rerank_weight;
  std::string users;
  uint32_t num_new = 0;
  bool keep_seen = false;
  bool evaluate = false;
  uint32_t negatives = 100;
  uint32_t draws = 20;
  bool has_output = false;

  void AddTo(CLI::App& app) {
    app.add_option("INPUT", job.input,
                   "ratings: .jsonl .csv .tsv, also .gz and .zst; - is standard input")
        ->required()
        ->type_name("");
    app.option_defaults()->group("Ratings");
    AddFlag(app, "--user", columns.user, "column with the user (default: user)")
        ->type_name("COLUMN");
    AddFlag(app, "--item", columns.item, "column with the item (default: item)")
        ->type_name("COLUMN");
    AddFlag(app, "--rating", columns.rating,
            "column with the rating; without it, that somebody took an item is all that counts")
        ->type_name("COLUMN");
    AddFlag(app, "--time", columns.time,
            "column with the time, a number or a date (default: the order of the rows)")
        ->type_name("COLUMN");
    app.option_defaults()->group("Items");
    AddFlag(app, "--items", items, "what is said of the items, a row each, by the column of --item")
        ->type_name("FILE");
    AddFlag(app, "--item-text", item_text, "columns of --items to read (default: all)")
        ->type_name("a,b,c");
    AddFlag(app, "--item-title", item_title,
            "column of --items with the title (default: title, or name)")
        ->type_name("COLUMN");
    AddModelReference(app, job.model, job.offline);
    AddFlag(app, "--new", num_new,
            "of the -k places, so many for items that nobody has rated; needs an encoder");
    AddFlag(app, "--rerank", rerank,
            "a language model that has the titles of the 50 best looked at again, such as smollm2")
        ->type_name("REF");
    AddFlag(app, "--rerank-users", rerank_users,
            "users on whom its weight is chosen, and with --evaluate judged (default: 100)");
    AddFlag(app, "--rerank-weight", rerank_weight,
            "its weight beside the recommender's; 0 changes nothing (default: chosen)")
        ->type_name("X");
    app.option_defaults()->group("Recommendations");
    AddFlag(app, "-k,--count", count, "recommendations per user (default: 10)")->type_name("N");
    AddFlag(app, "--users", users,
            "whom to recommend to, by the column of --user (default: all users)")
        ->type_name("FILE");
    AddFlag(app, "--gold", job.gold, "column of --users with the item that was wanted")
        ->type_name("COLUMN");
    AddFlag(app, "--keep-seen", keep_seen, "recommend what the user has had as well");
    app.option_defaults()->group("Evaluation");
    AddFlag(app, "--evaluate", evaluate,
            "take each user's last item off and look for it, beside other methods");
    AddFlag(app, "--negatives", negatives, "items that it is ranked among (default: 100)");
    AddFlag(app, "--draws", draws, "times that these are drawn (default: 20)");
    AddFlag(app, "--seed", job.seed, "seed of the first draw");
    AddOutputFlags(app);
  }

  RecommendJobOptions ToOptions(const CpuTopology& topology) const {
    const JobOptions shared = ToJobOptions(job, topology);
    RecommendJobOptions options;
    options.ratings = shared.source;
    options.columns = columns;
    if (shared.source.format == Format::kText) {
      throw UsageError("recommend: lines of text have no columns; give CSV, TSV or JSONL");
    }
    options.item_columns.item = columns.item;
    options.item_columns.title = item_title;
    if (!item_text.empty()) {
      for (const Label& column : ParseLabelList(item_text)) {
        options.item_columns.text.push_back(column.name);
      }
    }
    if (!items.empty()) options.items.emplace().input.path = items;
    if (!users.empty()) options.users.emplace().input.path = users;
    RequireParents();
    options.gold_column = job.gold;
    options.output = evaluate && !has_output ? "" : shared.output;
    options.output_format = shared.output_format;
    options.csv_safe = shared.csv_safe;
    options.overwrite = shared.overwrite;
    options.limit = shared.limit;
    options.recommendations.count = InRange("-k", count, 1000);
    options.recommendations.num_new = num_new;
    if (keep_seen) options.recommendations.seen = RecommendationOptions::Seen::kKeep;
    if (evaluate) {
      options.evaluation = {.k = count,
                            .num_negatives = InRange("--negatives", negatives, 1'000'000),
                            .num_draws = InRange("--draws", draws, 1000),
                            .seed = job.seed,
                            .rerank = ToRerankOptions()};
    }
    options.rerank = ToRerankOptions();
    options.num_units = shared.num_units;
    return options;
  }

 private:
  RerankOptions ToRerankOptions() const {
    RerankOptions options;
    options.users = InRange("--rerank-users", rerank_users, 1'000'000);
    if (rerank_weight.empty()) return options;
    float weight = 0.0f;
    const char* last = rerank_weight.data() + rerank_weight.size();
    const auto [end, error] = std::from_chars(rerank_weight.data(), last, weight);
    if (error != std::errc() || end != last || !(weight >= 0.0f && weight <= 100.0f)) {
      throw UsageError("--rerank-weight takes a number from 0 to 100, not '" + rerank_weight + "'");
    }
    options.weight = weight;
    return options;
  }

  void AddOutputFlags(CLI::App& app) {
    app.option_defaults()->group("Input and output");
    AddFlag(app, "-o,--output", job.output,
            "output file, its format by its name; - is standard output")
        ->type_name("FILE");
    AddFlag(app, "--format", job.format, "format of the ratings: jsonl, csv, tsv")
        ->type_name("NAME");
    AddFlag(app, "--output-format", job.output_format, "format of the output")->type_name("NAME");
    AddFlag(app, "--delimiter", job.delimiter,
            "what stands between the columns of the ratings: one character, or tab")
        ->type_name("CHARACTER");
    AddFlag(app, "--no-header", job.no_header,
            "the ratings have no header; columns are column1, column2, ...");
    AddFlag(app, "--csv-safe", job.csv_safe,
            "make answers that begin with = + - @ harmless for spreadsheets");
    AddFlag(app, "--limit", job.limit, "only the first N ratings");
    AddFlag(app, "--overwrite", job.overwrite, "replace a finished output");
    AddFlag(app, "--progress", job.progress, "auto, json or none")->type_name("NAME");
    app.option_defaults()->group("How the work is done (changes no byte of the output)");
    AddFlag(app, "--units", job.units, "threads that fit and score: auto or a number")
        ->type_name("N|auto");
    AddFlag(app, "--isa", job.isa, "kernels: auto, or one that `rowmill doctor` lists")
        ->type_name("NAME");
  }

  static size_t InRange(const char* flag, uint32_t value, uint32_t most) {
    if (value >= 1 && value <= most) return value;
    throw UsageError(std::string(flag) + " takes a number from 1 to " + std::to_string(most));
  }

  // Flags that say nothing without another one.
  void RequireParents() const {
    if (items.empty() && (!item_text.empty() || !item_title.empty() || !job.model.empty())) {
      throw UsageError(
          "--item-text, --item-title and --model are about --items, which is not given");
    }
    if (items.empty() && !rerank.empty()) {
      throw UsageError("--rerank reads the titles of --items, which is not given");
    }
    if (rerank.empty() && !rerank_weight.empty()) {
      throw UsageError("--rerank-weight is about --rerank, which is not given");
    }
    if (num_new > 0 && job.model.empty()) {
      throw UsageError("--new needs vectors of the items: give --items and --model minilm");
    }
    if (num_new > count) throw UsageError("--new takes no more places than -k has");
    if (users.empty() && !job.gold.empty()) {
      throw UsageError("--gold is a column of --users, which is not given");
    }
  }
};

std::string EvaluationText(const Evaluation& evaluation) {
  const EvaluationOptions& options = evaluation.options;
  std::string text = fmt::format(
      "{} users, each one's last item looked for; {} draws of {} negatives from seed {}\n\n",
      evaluation.num_judged, options.num_draws, options.num_negatives, options.seed);
  const std::string at = "@" + std::to_string(options.k);
  text += fmt::format("{:<14}{:>24}{:>24}\n", "", "among negatives", "among all items");
  text += fmt::format("{:<14}{:>12}{:>12}{:>12}{:>12}\n", "", "HR" + at, "NDCG" + at, "HR" + at,
                      "NDCG" + at);
  for (const ModelFigures& model : evaluation.models) {
    text += fmt::format("{:<14}{:>12.4f}{:>12.4f}{:>12.4f}{:>12.4f}\n", model.model,
                        model.sampled.hit_rate, model.sampled.ndcg, model.full.hit_rate,
                        model.full.ndcg);
  }
  if (evaluation.num_reranked > 0) {
    text += fmt::format("* {} of the users, evenly spread; weight of titles {:.1f}\n",
                        evaluation.num_reranked, evaluation.mixture.rerank.value_or(0.0f));
  }
  if (evaluation.mean_rmse > 0.0) {
    text += fmt::format("\nRMSE of the ratings taken off: {:.4f} by factors, {:.4f} by the mean\n",
                        evaluation.rating_rmse, evaluation.mean_rmse);
  }
  return text;
}

std::string MixtureText(const Mixture& mixture) {
  std::string text = mixture.item_model == ItemModel::kEase ? "EASE" : "neighbours";
  for (const auto& [name, value] : MixtureEntries(mixture)) {
    text += fmt::format(", {} {}", name, value);
  }
  return text;
}

std::string ProblemText(const char* what, uint64_t count,
                        const std::optional<RowProblem>& problem) {
  if (count == 0) return "";
  std::string text = fmt::format("  {:<12}{:>12}", what, count);
  if (problem) text += fmt::format("  (the first in line {}: {})", problem->line, problem->what);
  return text + "\n";
}

std::string ReadText(const RecommendReport& report) {
  return fmt::format("ratings       {} of {} rows\n", report.ratings, report.rating_rows) +
         ProblemText("left out", report.invalid_ratings, report.first_invalid_rating) +
         ProblemText("replaced", report.repeated_ratings, {}) +
         fmt::format("users         {}, {} of them without a history\n", report.users,
                     report.cold_users) +
         fmt::format("items         {} rated, {} that nobody has rated\n", report.items,
                     report.unrated_items) +
         ProblemText("left out", report.invalid_items, report.first_invalid_item) +
         ProblemText("repeated", report.repeated_items, {});
}

std::string ReportText(const RecommendReport& report) {
  if (report.run.finished_before) {
    return fmt::format(
        "this very job had finished before, nothing was left to do\noutput        {}\n",
        report.run.output);
  }
  std::string text = ReadText(report);
  if (report.mixture) text += fmt::format("mixture       {}\n", MixtureText(*report.mixture));
  if (report.run.rows > 0) text += fmt::format("rows          {}\n", report.run.rows);
  if (report.run.gold_measure) {
    for (const auto& [name, value] : report.run.gold_measure->values) {
      text +=
          fmt::format("{:<13} {:.4f}  ({} users)\n", name, value, report.run.gold_measure->rows);
    }
  }
  text += fmt::format("time          {} (reading {}, fitting {}, scoring {})\n",
                      FormatDuration(report.run.wall_seconds), FormatDuration(report.read_seconds),
                      FormatDuration(report.fit_seconds), FormatDuration(report.score_seconds));
  if (report.run.output != "-" && !report.run.output.empty()) {
    text += fmt::format("output        {}\n", report.run.output);
  }
  return text;
}

std::string TitlesText(const RecommendPlan::Titles& titles, const RerankOptions& options) {
  const PlanSummary& summary = titles.job.summary;
  const double whole = static_cast<double>(titles.all_users) /
                       static_cast<double>(std::max<uint64_t>(titles.users, 1));
  const auto time = [&](double factor) {
    return titles.job.time ? ", " + FormatDuration(titles.job.time->seconds * factor) : "";
  };
  if (options.weight) {
    return fmt::format("titles        of all {} users: about {:.0f} tokens{}\n", titles.all_users,
                       static_cast<double>(summary.computed_tokens) * whole, time(whole));
  }
  return fmt::format(
      "titles        {} of {} users to choose their weight: {} tokens{}\n"
      "              and, where it is not 0, of all {} users{}\n",
      summary.inputs_to_run, titles.users, summary.computed_tokens, time(1.0), titles.all_users,
      time(whole));
}

std::string RecommendPlanText(const RecommendPlan& plan, const RerankOptions& rerank) {
  std::string text = ReadText(plan.read) +
                     fmt::format("items by      {}\n",
                                 plan.item_model == ItemModel::kEase ? "EASE" : "neighbours");
  if (plan.titles) text += TitlesText(*plan.titles, rerank);
  return text + fmt::format("memory        about {:.1f} MiB besides what the names take\n",
                            static_cast<double>(plan.memory_bytes) / (1 << 20));
}

// The encoder of --model, which outlives what is returned.
ContentModel ToContentModel(const LoadedModel& loaded) {
  if (loaded.encoder == nullptr) {
    throw UsageError(
        "recommend reads items by an encoder, such as --model minilm; this model is none");
  }
  ContentModel content;
  content.reference = loaded.reference;
  content.sha256 = loaded.sha256;
  content.embed = [&loaded](std::span<const std::string> texts, ThreadTeam& team) {
    const TaskModel model = loaded.ForTasks();
    std::vector<std::vector<int32_t>> ids;
    for (const std::string& text : texts) ids.push_back(PlainTextIds(model, text));
    return EmbedTokens(*loaded.encoder, team, ids);
  };
  return content;
}

// The language model of --rerank, which outlives what is returned.
TitleModel ToTitleModel(const LoadedModel& loaded, const RecommendFlags& flags,
                        const RecommendContext& context) {
  if (loaded.decoder == nullptr) {
    throw UsageError("--rerank takes a language model, such as smollm2; this model is none");
  }
  const JobOptions shared = ToJobOptions(flags.job, DetectCpuTopology());
  TitleModel titles;
  titles.model.model = loaded.Any();
  titles.model.kernels = context.kernels;
  titles.model.reference = loaded.reference;
  titles.model.sha256 = loaded.sha256;
  titles.model.numerics = NumericsName(loaded.numerics);
  titles.text = loaded.ForTasks();
  titles.work.num_units = shared.num_units;
  titles.work.threads_per_unit = shared.threads_per_unit;
  titles.work.unit = shared.unit;
  titles.work.memory_bytes = shared.memory_bytes;
  titles.context.file_system = context.file_system;
  titles.context.stop = context.stop;
  titles.context.on_progress = context.on_progress;
  return titles;
}

ExitCode RunRecommend(Caller& caller, const RecommendFlags& flags, Purpose purpose) {
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), flags.job.isa);
  RecommendJobOptions options = flags.ToOptions(DetectCpuTopology());
  const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
  RecommendContext context;
  context.file_system = file_system.get();
  context.kernels = &kernels;
  context.stop = &caller.StopFlag();
  context.on_progress = [&](const JobProgress& at) { caller.ShowProgress(at); };
  caller.ConnectRows(options, context);
  std::shared_ptr<const LoadedModel> reader;
  TitleModel titles;
  const auto load_reader = [&] {
    if (flags.rerank.empty()) return;
    reader = LoadModelFor(caller, flags.job, flags.rerank, *file_system);
    titles = ToTitleModel(*reader, flags, context);
    context.titles = &titles;
  };
  if (purpose == Purpose::kPlan) {
    load_reader();
    caller.Print(RecommendPlanText(PlanRecommendJob(options, context), options.rerank));
    return ExitCode::kOk;
  }
  caller.BeginProgress(ParseProgressMode(flags.job.progress));
  try {
    std::shared_ptr<const LoadedModel> loaded;
    ContentModel content;
    if (!flags.job.model.empty()) {
      loaded = LoadModelFor(caller, flags.job, flags.job.model, *file_system);
      content = ToContentModel(*loaded);
      context.content = &content;
    }
    load_reader();
    const RecommendReport report = RunRecommendJob(options, context);
    caller.EndProgress();
    if (report.evaluation) caller.Print(EvaluationText(*report.evaluation));
    caller.Tell(ReportText(report));
    caller.TakeReport(report.run.ToJson(), report.run.error, {});
  } catch (...) {
    caller.EndProgress();
    throw;
  }
  return ExitCode::kOk;
}

}  // namespace

void AddRecommend(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand(
      "recommend", "for each user, the items that users like them took, and why");
  app->footer(kRecommendExamples);
  auto flags = std::make_shared<RecommendFlags>();
  flags->AddTo(*app);
  app->callback([=, &action] {
    flags->has_output = app->count("--output") > 0;
    action = [=](Caller& caller) { return RunRecommend(caller, *flags, purpose); };
  });
}

void AddRecommendCommand(CLI::App& parent, Action& action) {
  AddRecommend(parent, action, Purpose::kRun);
}

}  // namespace rowmill
