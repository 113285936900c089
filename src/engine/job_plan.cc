// The plan pass, and what a job's plan needs to know of its options.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "engine/id_check.h"
#include "engine/job_run.h"
#include "engine/model_unit.h"

namespace rowmill {
namespace {

// Rows whose results are written to the journal at a time during the plan pass.
constexpr uint64_t kFlushRows = 256;

uint64_t CountRows(Source& source) {
  Record record;
  while (source.Next(record)) {
  }
  const uint64_t rows = source.num_rows();
  source.Rewind();
  return rows;
}

// floor(index * rows / count) without overflow.
uint64_t ShardBound(uint64_t index, uint64_t count, uint64_t rows) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(rows) * index / count);
}

std::string_view OnOff(bool on) { return on ? "on" : "off"; }

std::string ShardText(const Shard& shard) {
  return std::to_string(shard.index) + "/" + std::to_string(shard.count);
}

void CheckNames(const JobOptions& options, const Task& task, const ColumnNames& columns) {
  task.CheckColumns(columns);
  if (options.gold_column) RequireColumn(columns, *options.gold_column, "--gold");
  if (options.id_column) RequireColumn(columns, *options.id_column, "--id");
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rowmill-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw IoError("cannot make a scratch folder '" + pattern +
                  "'; set TMPDIR to a folder with room");
  }
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

uint64_t MemoryLimit(const JobOptions& options) {
  if (options.memory_bytes != 0) return options.memory_bytes;
  return DetectCpuTopology().memory_bytes / 5 * 4;
}

UnitLayout ChooseUnits(const JobOptions& options, uint64_t inputs_to_run) {
  UnitLayout layout = {options.num_units, options.threads_per_unit};
  if (options.unit_choice == UnitChoice::kAsAsked || inputs_to_run >= layout.num_units) {
    return layout;
  }
  const size_t threads = layout.num_units * layout.threads_per_unit;
  layout.num_units = std::max<size_t>(1, static_cast<size_t>(inputs_to_run));
  layout.threads_per_unit = threads / layout.num_units;
  return layout;
}

MemoryOptions MemoryOptionsOf(const JobOptions& options, const JobModel& model, const Task& task) {
  MemoryOptions memory =
      ModelMemory(model.model, task.decode_spec(), options.unit, options.threads_per_unit);
  memory.task_bytes = task.held_bytes();
  memory.num_units = options.num_units;
  memory.max_rows_per_unit = options.unit.max_rows;
  return memory;
}

void CheckJob(const JobOptions& options, const Task& task, FileSystem& file_system) {
  FormatFromPath(options.output);  // refuses what cannot be written
  if (options.gold_column && task.labels().empty() &&
      task.MakeGoldMeasure(options.gold_column) == nullptr) {
    throw UsageError("--gold: " + std::string(task.name()) +
                     " has no answers that a column could be compared with");
  }
  if (!options.source.input.files.patterns.empty()) return;  // such an output is no row
  if (options.output == "-" || !file_system.Exists(options.output)) return;
  const FileInfo written = file_system.Info(options.output);
  std::vector<std::string> inputs = options.source.paths;
  if (inputs.empty()) inputs.push_back(options.source.input.path);
  for (const std::string& input : inputs) {
    if (input == "-" || !file_system.Exists(input)) continue;
    const FileInfo read = file_system.Info(input);
    if (read.device == written.device && read.inode == written.inode) {
      throw UsageError("the output '" + options.output +
                       "' is the input itself, which is never replaced: give another output file");
    }
  }
}

void CheckHeader(const JobOptions& options, const Task& task, const Source& source) {
  if (!source.knows_columns()) return;       // each row has its own names
  if (source.columns().size() == 0) return;  // an empty file, without rows and without names
  CheckNames(options, task, source.columns());
}

namespace {

// Turns the prepared inputs of one record into what the planner takes, and tells which of them have
// a result already.
class InputCheck {
 public:
  InputCheck(ResultStore* results, StoredAnswers* stored) : results_(results), stored_(stored) {}

  // `first`: the number of the row's first input. Throws UsageError where a result answers another
  // prompt. Inputs that no model can answer get their results at once.
  std::span<const PreparedInput> Check(uint64_t row, uint64_t first, const ModelInputs& inputs) {
    prepared_.clear();
    bool resumed = true;
    bool all_finished = true;
    const uint64_t stored_before = stored_inputs_;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ModelInput& input = inputs[i];
      const bool runnable = input.error.empty();
      const bool finished = results_ != nullptr && results_->Has(first + i);
      if (results_ != nullptr) {
        const Digest128 digest =
            runnable ? DigestOfTokens(input.tokens, input.num_scored) : Digest128{};
        if (finished && results_->Get(first + i).prompt != digest) RefuseChangedRow(row);
        if (!finished && !runnable) {
          RowResult result;
          result.status = input.status;
          result.error = input.error;
          results_->Put(first + i, digest, result);
        }
      }
      const bool stored =
          runnable && !finished && stored_ != nullptr && FindStored(first + i, input);
      resumed = resumed && finished;
      all_finished = all_finished && (finished || stored || !runnable);
      prepared_.push_back({input.status, input.tokens, finished || stored || !runnable,
                           input.num_scored, input.path, input.cost});
    }
    if (resumed) ++resumed_rows_;
    if (all_finished && stored_inputs_ > stored_before) ++stored_rows_;
    return prepared_;
  }

  // Rows all of whose inputs had their results.
  uint64_t resumed_rows() const { return resumed_rows_; }
  // Rows that have all they need by answers of the store, which so many inputs have with so many
  // tokens.
  uint64_t stored_rows() const { return stored_rows_; }
  uint64_t stored_inputs() const { return stored_inputs_; }
  uint64_t stored_tokens() const { return stored_tokens_; }

 private:
  // Whether the store has the input's answer, which becomes its result.
  bool FindStored(uint64_t number, const ModelInput& input) {
    std::optional<RowResult> result = stored_->Look(number, input.tokens, input.num_scored);
    if (!result) return false;
    result->status = input.status;
    if (results_ != nullptr) {
      results_->Put(number, DigestOfTokens(input.tokens, input.num_scored), *result);
    }
    ++stored_inputs_;
    stored_tokens_ += input.cost > 0 ? input.cost : input.tokens.size() - (input.num_scored > 0);
    return true;
  }

  [[noreturn]] static void RefuseChangedRow(uint64_t row) {
    throw UsageError("row " + std::to_string(row) +
                     " of the input is not the row that the stopped job had there; give the same "
                     "input again, or --force-new to throw its finished rows away");
  }

  ResultStore* results_;
  StoredAnswers* stored_;
  std::vector<PreparedInput> prepared_;
  uint64_t resumed_rows_ = 0;
  uint64_t stored_rows_ = 0;
  uint64_t stored_inputs_ = 0;
  uint64_t stored_tokens_ = 0;
};

}  // namespace

PreparedPlan MakePlan(const JobOptions& options, const Task& task, const JobContext& context,
                      const PlanInput& input) {
  uint64_t begin = 0;
  uint64_t end = UINT64_MAX;
  if (options.shard.count > 1) {
    uint64_t rows = CountRows(input.source);
    if (options.limit) rows = std::min(rows, *options.limit);
    begin = ShardBound(options.shard.index, options.shard.count, rows);
    end = ShardBound(options.shard.index + 1, options.shard.count, rows);
  } else if (options.limit) {
    end = *options.limit;
  }

  Planner planner(input.folder, begin);
  PrepareScratch scratch;
  QuantileHistogram row_tokens;
  ModelInputs prepared;
  InputCheck check(input.results, input.stored);
  Record record;
  JobProgress progress;
  const auto start = std::chrono::steady_clock::now();
  std::optional<IdCheck> ids;
  if (options.id_column) ids.emplace(*options.id_column, input.folder);
  while (record.index + 1 < end || input.source.num_rows() == 0) {
    if (end == 0 || !input.source.Next(record)) break;
    if (record.index < begin) continue;
    if (ids) ids->Add(record);
    task.PrepareRow(record, scratch, prepared);
    for (size_t i = 0; i < prepared.size(); ++i) {
      const ModelInput& made = prepared[i];
      if (!made.tokens.empty()) row_tokens.Add(made.cost > 0 ? made.cost : made.tokens.size());
    }
    planner.Add(check.Check(record.index, planner.next_input(), prepared));
    ++progress.rows_done;
    if (progress.rows_done % kFlushRows == 0) {
      const auto now = std::chrono::steady_clock::now();
      if (input.results != nullptr) input.results->Flush(now);
      if (context.stop != nullptr && context.stop->load())
        throw StoppedError("stopped while planning");
      progress.seconds = std::chrono::duration<double>(now - start).count();
      if (context.on_progress) context.on_progress(progress);
    }
  }
  if (input.results != nullptr) input.results->Flush(std::chrono::steady_clock::now());
  // A name that no row has is a slip of the pen, not a data set of invalid rows. Where no row is an
  // object there is nothing to compare it with.
  const bool knows_names = !input.source.columns_overflowed() && input.source.columns().size() > 0;
  if (input.source.format() == Format::kJsonl && knows_names) {
    CheckNames(options, task, input.source.columns());
  }

  PlanOptions plan_options;
  plan_options.deduplication = options.deduplication ? Deduplication::kOn : Deduplication::kOff;
  if (!options.prefix_sharing || !SharesPrefixes(task.decode_spec())) {
    plan_options.prefix_tree.max_nodes = 0;
  }
  PreparedPlan made = {std::move(planner).Finish(plan_options), scratch.report, row_tokens,
                       check.resumed_rows(), check.stored_rows()};
  made.plan.summary.stored_inputs = check.stored_inputs();
  made.plan.summary.stored_tokens = check.stored_tokens();
  return made;
}

std::unique_ptr<StoredAnswers> OpenStore(const JobOptions& options, const JobModel& model,
                                         const Task& task, FileSystem& file_system,
                                         const std::string& scratch) {
  if (options.store.empty()) return nullptr;
  return std::make_unique<StoredAnswers>(
      file_system, options.store,
      StoredAnswers::Job{model.sha256, model.numerics, task.decode_spec(),
                         task.FingerprintEntries()},
      scratch);
}

std::vector<std::pair<std::string, std::string>> ExecutionEntries(const JobOptions& options) {
  return {{"split", std::string(Name(options.strategy))},
          {"batch_tokens", std::to_string(options.unit.batch_tokens)},
          {"max_rows", std::to_string(options.unit.max_rows)},
          {"memory", std::to_string(MemoryLimit(options))},
          {"prefix_sharing", std::string(OnOff(options.prefix_sharing))},
          {"dedupe", std::string(OnOff(options.deduplication))},
          {"speculation", std::string(OnOff(options.unit.draft_tokens > 0))},
          {"shard", ShardText(options.shard)},
          {"store", options.store.empty() ? "none" : options.store},
          {"limit", options.limit ? std::to_string(*options.limit) : "none"},
          {"gold", options.gold_column.value_or("none")}};
}

Fingerprint JobFingerprint(const JobOptions& options, const JobModel& model, const Task& task,
                           FileSystem& file_system) {
  Fingerprint fingerprint;
  fingerprint.Add("engine", ROWMILL_VERSION);
  fingerprint.Add("model", model.sha256);
  fingerprint.Add("numerics", model.numerics);
  for (auto& [name, value] : task.FingerprintEntries()) fingerprint.Add(name, value);
  AddSource(fingerprint, "input", file_system, options.source);
  if (options.output_format) {
    fingerprint.Add("output.format", std::string(FormatName(*options.output_format)));
  }
  fingerprint.Add("output.csv-safe", std::string(OnOff(options.csv_safe)));
  if (options.limit) fingerprint.Add("limit", std::to_string(*options.limit));
  fingerprint.Add("shard", ShardText(options.shard));
  return fingerprint;
}

}  // namespace rowmill
