#include "engine/job_run.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "data/parquet_sink.h"
#include "engine/job_tuning.h"
#include "engine/machine_entries.h"
#include "engine/model_unit.h"
#include "engine/row_feed.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kProgressInterval{200};
// Outcomes that may wait for the journal: a few steps of a few units.
constexpr size_t kEventQueue = 1024;

// A pilot runs where it is no more than one part in so many of the job's tokens.
constexpr uint64_t kPilotShare = 100;
constexpr double kPilotSeconds = 2.0;
// Tuning takes one part in so many of the job at most, and no more than ten seconds; less than a
// second cannot tell the settings apart.
constexpr uint64_t kTuneShare = 100;
constexpr double kTuneSeconds = 10.0;
constexpr double kLeastTuneSeconds = 1.0;
// The share of the forecast time in which it is believed more than what the run has shown.
constexpr double kPilotTrust = 0.1;
// Before that nothing is said of a run without a pilot.
constexpr double kLeastEtaSeconds = 1.0;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

std::vector<std::pair<std::string, uint64_t>> NamedCounts(const RedactCounts& counts,
                                                          const Redactor& redactor) {
  std::vector<std::pair<std::string, uint64_t>> named;
  for (size_t kind = 0; kind < counts.by_kind.size(); ++kind) {
    if (counts.by_kind[kind] == 0) continue;
    named.emplace_back(redactor.KindName(static_cast<uint32_t>(kind)), counts.by_kind[kind]);
  }
  return named;
}

uint64_t Nanoseconds(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

}  // namespace

// Gives a unit the rows of its sub-tasks and tells the aggregating thread that they were begun.
class JobRun::Feed final : public PlannedRowFeed {
 public:
  Feed(JobRun& run, size_t unit) : PlannedRowFeed(*run.plan_, *run.scheduler_, unit), run_(run) {}

  bool Next(UnitRow& row) override {
    if (!PlannedRowFeed::Next(row)) return false;
    row.labels = run_.stored_ != nullptr ? run_.stored_->MissingLabels(row.row) : nullptr;
    return run_.events_.Push(InputStarted{row.row});
  }

 private:
  JobRun& run_;
};

class JobRun::Sink final : public OutcomeSink {
 public:
  explicit Sink(JobRun& run) : run_(run) {}
  void Put(UnitOutcome outcome) override {
    // A closed queue means that the aggregating thread has failed; the unit is told to stop as
    // well.
    if (!run_.events_.Push(std::move(outcome))) run_.stop_units_.store(true);
  }

 private:
  JobRun& run_;
};

JobRun::JobRun(const JobOptions& options, const JobModel& model, Task& task,
               const JobContext& context)
    : options_(options), model_(model), task_(task), context_(context), events_(kEventQueue) {}

JobRun::~JobRun() = default;

RunReport JobRun::Run() {
  start_ = stage_start_ = Clock::now();
  if (!options_.trace.empty()) trace_ = std::make_unique<TraceWriter>(options_.trace, start_);
  CheckJob(options_, task_, *context_.file_system);
  try {
    Prepare();
  } catch (...) {
    // Nothing that cost anything is lost, and the mended command must not be taken for another job.
    results_.reset();
    if (folder_ != nullptr) folder_->AbandonIfNew();
    throw;
  }
  if (report_.finished_before) return report_;

  std::exception_ptr failure;
  stage_start_ = Clock::now();
  try {
    Calibrate();
    prefixes_ = MakePrefixStore(*plan_, model_, options_.unit);
    ForecastTime();
    Execute();
  } catch (...) {
    failure = std::current_exception();
  }
  report_.inference_seconds = Seconds(Clock::now() - stage_start_);
  if (trace_ != nullptr) {
    trace_->Stage("plan", start_, stage_start_);
    trace_->Stage("inference", stage_start_, Clock::now());
  }
  if (failure != nullptr || (context_.stop->load() && !stopped_early_)) {
    results_->Close();
    if (failure != nullptr) std::rethrow_exception(failure);
    throw StoppedError(
        "stopped with " + std::to_string(inputs_done_) + " of " +
        std::to_string(plan_->summary.inputs_to_run) +
        (plan_->inputs.HasSeveralInputs() ? " model inputs" : " rows") + " done by this run" +
        (folder_ != nullptr ? "; run the same command again to go on from there" : ""));
  }
  stage_start_ = Clock::now();
  KeepAnswers();
  WriteOutput();
  if (trace_ != nullptr) {
    trace_->Stage("write", stage_start_, Clock::now());
    trace_->Finish();
  }
  return report_;
}

// All that comes before the first row is run.
void JobRun::Prepare() {
  OpenFolder();
  if (folder_ != nullptr && folder_->state() == JobFolder::State::kComplete) {
    report_.finished_before = true;
    report_.output = options_.output;
    return;
  }
  PreparedPlan prepared =
      MakePlan(options_, task_, context_, {*source_, results_.get(), stored_.get(), scratch_path_});
  plan_ = std::make_unique<Plan>(std::move(prepared.plan));
  units_ = ChooseUnits(options_, plan_->summary.inputs_to_run);
  report_.prep = prepared.prep;
  report_.row_tokens = prepared.row_tokens;
  report_.resumed_rows = prepared.resumed_rows;
  if (stored_ != nullptr) {
    report_.store = {prepared.stored_rows, plan_->summary.stored_tokens, 0,
                     stored_->num_completed()};
    if (stored_->num_damaged() > 0) {
      context_.on_notice("note: " + std::to_string(stored_->num_damaged()) +
                         " records of the store '" + options_.store +
                         "' are damaged; what they held is computed again");
    }
  }
  if (plan_->summary.rows == 0) context_.on_notice("note: the input has no rows");
  CheckMemory();
  for (RowStatus status : {RowStatus::kInvalid, RowStatus::kError}) {
    error_rows_ += plan_->summary.rows_by_status[static_cast<size_t>(status)];
  }
  report_.plan_seconds = Seconds(Clock::now() - stage_start_);
}

void JobRun::CheckMemory() const {
  const MemoryEstimate memory = EstimateMemory(*plan_, MemoryOptionsOf(options_, model_, task_));
  const uint64_t limit = MemoryLimit(options_);
  if (memory.total_bytes() > limit) {
    throw ResourceError("the job may need " + std::to_string(memory.total_bytes() >> 20) +
                        " MiB (weights " + std::to_string(memory.weight_bytes >> 20) + ", task " +
                        std::to_string(memory.task_bytes >> 20) + ", activations " +
                        std::to_string(memory.workspace_bytes >> 20) + ", rows " +
                        std::to_string((memory.row_kv_bytes + memory.prefix_kv_bytes) >> 20) +
                        "), allowed are " + std::to_string(limit >> 20) +
                        "; use fewer --units, a smaller --batch-tokens or a larger --memory");
  }
}

void JobRun::OpenFolder() {
  SourceOptions source_options = options_.source;
  for (const std::string& column : task_.columns()) source_options.reserved_names.push_back(column);
  uint64_t identity = 0;
  if (options_.output == "-") {
    scratch_ = std::make_unique<ScratchFolder>();
    scratch_path_ = scratch_->path();
  } else {
    const Fingerprint fingerprint = JobFingerprint(options_, model_, task_, *context_.file_system);
    report_.fingerprint = fingerprint.Digest();
    Fingerprint undivided;
    for (const Fingerprint::Entry& entry : fingerprint.entries()) {
      if (entry.name != "shard") undivided.Add(entry.name, entry.value);
    }
    report_.undivided = undivided.Digest();
    folder_ = JobFolder::Open(*context_.file_system, options_.output, fingerprint,
                              {options_.overwrite, options_.force_new});
    if (folder_->state() == JobFolder::State::kComplete) return;
    scratch_path_ = folder_->folder_path();
    identity = folder_->identity();
  }
  source_options.input.spool_path =
      folder_ != nullptr ? folder_->ScratchPath("spool") : scratch_path_ + "/spool";
  source_options.input.stop_requested = [this] { return context_.stop->load(); };
  source_ = OpenSource(*context_.file_system, source_options);
  CheckHeader(options_, task_, *source_);
  const std::string journal_path =
      folder_ != nullptr ? folder_->journal_path() : scratch_path_ + "/journal";
  results_ = std::make_unique<ResultStore>(*context_.file_system, journal_path, scratch_path_,
                                           identity, 0);
  stored_ = OpenStore(options_, model_, task_, *context_.file_system, scratch_path_);
  output_format_ =
      options_.output_format.value_or(FormatFromPath(options_.output).value_or(source_->format()));
  TellOfLeftOutColumns();
  if (results_->resumed_rows() > 0) {
    context_.on_notice("resuming: " + std::to_string(results_->resumed_rows()) +
                       " results are there already");
  }
}

// Of a Parquet input, those that only Parquet can hold.
void JobRun::TellOfLeftOutColumns() const {
  const bool keeps_all = output_format_ == Format::kParquet || output_format_ == Format::kText;
  if (keeps_all || !IsParquet(options_.source) || (options_.output == "-" && context_.make_sink)) {
    return;
  }
  std::string list;
  const std::unique_ptr<ParquetTables> input = OpenParquet(*context_.file_system, options_.source);
  for (const std::string& column : input->schema().UnwritableColumns()) {
    list += (list.empty() ? "" : ", ") + column;
  }
  if (list.empty()) return;
  context_.on_notice("note: left out of the output, since " +
                     std::string(FormatName(output_format_)) +
                     " cannot say their values (a .parquet output keeps them): " + list);
}

// Runs the task's calibration prompts, where it has some, as rows of their own.
void JobRun::Calibrate() {
  const std::vector<std::vector<int32_t>> prompts = task_.CalibrationPrompts();
  if (prompts.empty()) return;
  class Prompts final : public RowFeed, public OutcomeSink {
   public:
    explicit Prompts(const std::vector<std::vector<int32_t>>& prompts)
        : scores(prompts.size()), prompts_(prompts) {}
    bool Next(UnitRow& row) override {
      if (next_ == prompts_.size()) return false;
      row = {next_, DigestOfTokens(prompts_[next_]), prompts_[next_], PrefixStore::kNoNode};
      ++next_;
      return true;
    }
    void Put(UnitOutcome done) override {
      finite = finite && done.decoded.finite;
      scores[done.row] = std::move(done.decoded.label_log_probs);
    }
    std::vector<std::vector<double>> scores;  // [prompts][labels]
    bool finite = true;

   private:
    const std::vector<std::vector<int32_t>>& prompts_;
    size_t next_ = 0;
  };
  Prompts run(prompts);
  ThreadTeam team(units_.num_units * units_.threads_per_unit);
  ExecutionUnit unit(*std::get<const Decoder*>(model_.model), *model_.kernels, task_.decode_spec(),
                     options_.unit, team);
  unit.Run(run, run, nullptr, stop_units_);
  if (!run.finite) {
    throw ModelError("the model gives numbers that are not finite for a calibration prompt");
  }
  task_.SetCalibration(run.scores);
}

void JobRun::Execute() {
  ScheduleOptions schedule;
  schedule.strategy = options_.strategy;
  schedule.num_units = units_.num_units;
  schedule.batch_tokens = options_.unit.batch_tokens;
  if (const auto* generate = std::get_if<GenerateSpec>(&task_.decode_spec())) {
    schedule.decode_tokens_per_row = generate->max_tokens / 2;
  }
  scheduler_ = std::make_unique<Scheduler>(plan_->rows, plan_->tree, schedule, scratch_path_);
  if (options_.output == "-") {
    output_bytes_ = std::make_unique<DescriptorByteSink>(context_.stdout_fd, "standard output");
    OpenOutput(*output_bytes_);
  }
  run_began_ = Seconds(Clock::now() - stage_start_);
  report_.units.resize(units_.num_units);
  for (size_t unit = 0; unit < units_.num_units; ++unit) {
    step_logs_.emplace_back(unit, stage_start_, trace_.get());
  }
  units_running_ = units_.num_units;
  std::vector<std::thread> threads;
  std::exception_ptr failure;
  try {
    // The system may refuse any of them.
    for (size_t unit = 0; unit < units_.num_units; ++unit) {
      threads.emplace_back([this, unit] { RunUnit(unit); });
    }
    Aggregate();
  } catch (...) {
    failure = std::current_exception();
  }
  stop_units_.store(true);
  scheduler_->Stop();
  events_.Cancel();
  for (std::thread& thread : threads) thread.join();
  if (failure != nullptr) std::rethrow_exception(failure);
  if (unit_error_ != nullptr) std::rethrow_exception(unit_error_);
}

// A pilot where the job is so long that it takes less than a hundredth of it; a short job shows
// soon enough how fast it is.
void JobRun::ForecastTime() {
  if (task_.work_name() != kTokenWork) return;
  const PilotContext context = {
      *plan_, *prefixes_, model_, task_.decode_spec(), *context_.file_system, context_.stop};
  if (options_.autotune != Autotune::kOff) Tune(context);
  if (!context_.on_progress) return;
  const PilotSize size = TimePilotSize(units_, options_.unit, kPilotSeconds);
  if (plan_->summary.computed_tokens >= kPilotShare * size.tokens) {
    forecast_ = RunTimePilot(context, units_, options_.unit, size).forecast;
    if (forecast_) {
      JobProgress progress;
      progress.stage = JobProgress::Stage::kRun;
      progress.rows_total = plan_->summary.inputs_to_run;
      progress.tokens_total = plan_->summary.computed_tokens;
      progress.work_name = task_.work_name();
      progress.seconds = Seconds(Clock::now() - stage_start_);
      progress.left = forecast_->WholeRun();
      context_.on_progress(progress);
    }
  }
  if (forecast_) pilot_left_ = forecast_->WholeRun();
  if (!forecast_) forecast_ = Forecast::FromModel(context, units_, options_.unit);
}

void JobRun::Tune(const PilotContext& context) {
  const JobTuning job(options_, model_, task_, *plan_);
  if (!job.axes().any() || plan_->summary.inputs_to_run == 0) return;
  double allowed = kTuneSeconds;
  if (options_.autotune == Autotune::kAuto) {
    if (const std::optional<TuneSettings> kept = job.FindKept(context)) {
      JobTuning::Apply(*kept, options_, units_);
      tuned_ = Describe(*kept) + ", found by an earlier job";
      return;
    }
    // A first look at how long the job is.
    const uint64_t tokens = units_.num_units * options_.unit.batch_tokens;
    if (plan_->summary.computed_tokens < kTuneShare * tokens) return;
    const std::optional<Forecast> forecast =
        RunTimePilot(context, units_, options_.unit, {tokens, kPilotRows, kPilotSeconds}).forecast;
    if (!forecast || forecast->WholeRun().seconds < kTuneShare * kLeastTuneSeconds) return;
    allowed =
        std::min(kTuneSeconds, forecast->WholeRun().seconds / static_cast<double>(kTuneShare));
  }
  const Tuning tuning =
      rowmill::Tune(context, job.axes(), {units_, options_.unit.batch_tokens}, options_.unit,
                    allowed, [&](const TuneSettings& settings) { return job.Fits(settings); });
  if (tuning.points.empty()) return;
  JobTuning::Apply(tuning.best, options_, units_);
  KeepTuning(*context_.file_system, options_.tuning_file, TuneKey(context), tuning.best);
  tuned_ = Describe(tuning);
  context_.on_notice("tuned: " + tuned_);
}

// Of the prompt, those that no shared prefix covers.
uint32_t JobRun::OwnTokens(uint64_t input) const {
  const RowEntry& entry = plan_->rows[input];
  return entry.num_read() - PrefixLength(entry, plan_->tree.nodes);
}

// Tokens of answers that ran through the model.
uint64_t JobRun::AnswerTokens(const UnitOutcome& outcome) const {
  if (const auto* translate = std::get_if<TranslateSpec>(&task_.decode_spec())) {
    // The first one is the model's own, and each hypothesis is computed; computed_tokens are those
    // of the source.
    return (uint64_t{outcome.generated_tokens} + 1) * translate->beam;
  }
  return outcome.computed_tokens - std::min(outcome.computed_tokens, OwnTokens(outcome.row));
}

void JobRun::UpdateEta(JobProgress& progress) {
  if (step_logs_.empty()) return;
  uint64_t total = plan_->summary.computed_tokens;
  uint64_t so_far = tokens_done_;
  if (forecast_) {
    Work done;
    for (const StepLog& log : step_logs_) done += log.done();
    // In billionths of the forecast's seconds, of all units together.
    total = static_cast<uint64_t>(
        1e9 * forecast_->UnitSeconds(static_cast<double>(answer_tokens_done_), inputs_done_));
    so_far = static_cast<uint64_t>(1e9 * forecast_->SecondsOf(done));
  }
  if (!eta_) eta_.emplace(total, run_began_);
  eta_->SetTotal(total);
  eta_->Update(progress.seconds, so_far);
  // At first the pilot knows more than the run.
  const double passed = progress.seconds - run_began_;
  if (pilot_left_ && passed < kPilotTrust * pilot_left_->seconds) {
    progress.left = {pilot_left_->seconds - passed, std::max(0.0, pilot_left_->low - passed),
                     pilot_left_->high - passed};
    return;
  }
  if (passed < kLeastEtaSeconds) return;
  if (const std::optional<Eta> eta = eta_->Estimate(progress.seconds)) {
    progress.left = {eta->seconds, eta->low, eta->high};
  }
}

void JobRun::RunUnit(size_t unit) {
  try {
    ThreadTeam team(units_.threads_per_unit);
    Feed feed(*this, unit);
    Sink sink(*this);
    const std::unique_ptr<ModelUnit> model_unit = MakeUnit(
        model_.model,
        {*model_.kernels, task_.decode_spec(), options_.unit, team, *context_.file_system});
    model_unit->SetStepLog(&step_logs_[unit]);
    model_unit->Run(feed, sink, *prefixes_, stop_units_);
    report_.units[unit] = model_unit->times();
  } catch (...) {
    std::lock_guard lock(unit_mutex_);
    if (unit_error_ == nullptr) unit_error_ = std::current_exception();
    stop_units_.store(true);
    scheduler_->Stop();
  }
  std::lock_guard lock(unit_mutex_);
  if (--units_running_ == 0) events_.Close();
}

void JobRun::Aggregate() {
  Clock::time_point last_progress = Clock::now();
  while (true) {
    std::optional<Event> event = events_.PopFor(kProgressInterval);
    // Whatever has come by now is written by one append.
    for (; event; event = events_.PopFor(std::chrono::seconds(0))) {
      if (const auto* started = std::get_if<InputStarted>(&*event)) {
        results_->Started(started->input);
      } else {
        Take(std::get<UnitOutcome>(*event));
      }
    }
    const Clock::time_point now = Clock::now();
    results_->Flush(now);
    if (renderer_ != nullptr) renderer_->WriteAvailable();
    if (now - last_progress >= kProgressInterval) {
      last_progress = now;
      ReportProgress(JobProgress::Stage::kRun);
    }
    if (context_.stop->load() || TooManyErrors()) {
      stopped_early_ = !context_.stop->load();
      stop_units_.store(true);
      scheduler_->Stop();
    }
    if (events_.ended()) break;
  }
  ReportProgress(JobProgress::Stage::kRun);
}

void JobRun::Take(const UnitOutcome& outcome) {
  RowResult result;
  const RowEntry& entry = plan_->rows[outcome.row];
  result.status = entry.status;
  result.prompt_tokens = outcome.prompt_tokens;
  result.generated_tokens = outcome.generated_tokens;
  result.decoded = outcome.decoded;
  if (stored_ != nullptr) stored_->Complete(outcome.row, result.decoded);
  if (!outcome.error.empty() || !outcome.decoded.finite) {
    result.status = RowStatus::kError;
    result.error = !outcome.error.empty()
                       ? outcome.error
                       : "the model gave numbers that are not finite for this row";
    CountFailure(outcome.row);
  }
  results_->Put(outcome.row, entry.digest, result);
  ++inputs_done_;
  tokens_done_ += outcome.computed_tokens;
  answer_tokens_done_ += AnswerTokens(outcome);
  report_.prompt_tokens += outcome.prompt_tokens;
  report_.generated_tokens += outcome.generated_tokens;
  row_times_.Add(Nanoseconds(outcome.seconds));
  if (trace_ != nullptr) {
    const Clock::time_point now = Clock::now();
    trace_->Row(outcome.row,
                now - std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(outcome.seconds)),
                now);
  }
}

// --max-errors counts rows, however many of a row's inputs fail.
void JobRun::CountFailure(uint64_t input) {
  if (plan_->inputs.HasSeveralInputs()) {
    if (!failed_rows_) {
      failed_rows_ = MappedArray<uint8_t>::InFolder(scratch_path_);
      failed_rows_->Resize(plan_->inputs.num_rows());
    }
    uint8_t& failed = (*failed_rows_)[plan_->inputs.RowOf(input) - plan_->inputs.first_row()];
    if (failed != 0) return;
    failed = 1;
  }
  ++error_rows_;
}

bool JobRun::TooManyErrors() const {
  const ErrorLimit& limit = options_.max_errors;
  if (limit.rows && error_rows_ > *limit.rows) return true;
  return limit.percent && static_cast<double>(error_rows_) * 100.0 >
                              *limit.percent * static_cast<double>(plan_->summary.rows);
}

void JobRun::ReportProgress(JobProgress::Stage stage) {
  if (!context_.on_progress) return;
  JobProgress progress;
  progress.stage = stage;
  progress.rows_done = inputs_done_;
  progress.rows_total = plan_->summary.inputs_to_run;
  progress.tokens_done = tokens_done_ + prefixes_->computed_tokens();
  progress.tokens_total = plan_->summary.computed_tokens;
  progress.work_name = task_.work_name();
  progress.seconds = Seconds(Clock::now() - stage_start_);
  if (stage == JobProgress::Stage::kRun) UpdateEta(progress);
  context_.on_progress(progress);
}

void JobRun::OpenOutput(ByteSink& bytes) {
  source_->Rewind();
  OutputSchema schema = ResolveOutputSchema(source_->columns().names(), task_.columns());
  schema.task_kinds = task_.column_kinds();
  report_.renamed_columns = schema.renames;
  const Compression compression = CompressionFromPath(options_.output);
  if (compression != Compression::kNone) compressor_ = MakeCompressor(compression, bytes);
  if (options_.output == "-" && context_.make_sink) {
    output_sink_ = context_.make_sink(std::move(schema));
  } else if (output_format_ == Format::kParquet) {
    output_sink_ = MakeParquetSink(OpenParquet(*context_.file_system, options_.source),
                                   std::move(schema), bytes);
  } else {
    output_sink_ =
        MakeSink({.format = output_format_, .csv_safe = options_.csv_safe, .answer_column = 0},
                 std::move(schema), compressor_ != nullptr ? *compressor_ : bytes);
  }
  renderer_ = std::make_unique<Renderer>(*source_, *output_sink_, task_, *plan_, *results_,
                                         options_.gold_column);
  renderer_->SetObserver(context_.on_row);
  if (options_.redactor != nullptr && options_.redactor->options().output) {
    renderer_->RedactOutput(options_.redactor.get());
  }
}

// Adds to the store what this job has computed. That this fails is no reason to lose the output.
void JobRun::KeepAnswers() {
  if (stored_ == nullptr) return;
  // What an earlier process of this job has computed is not in the store yet.
  const bool was_resumed = results_->resumed_rows() > 0;
  std::vector<int32_t> tokens;
  try {
    for (uint64_t input = plan_->rows.first_row(); input < plan_->rows.end_row(); ++input) {
      const RowEntry& entry = plan_->rows[input];
      if (!entry.runnable() || !results_->Has(input) || (entry.finished && !was_resumed)) continue;
      plan_->rows.GetTokens(input, tokens);
      stored_->Keep(tokens, entry.num_scored, results_->Get(input).result);
    }
    stored_->Publish();
    report_.store->added = stored_->num_kept();
  } catch (const IoError& error) {
    context_.on_notice("note: nothing was added to the store '" + options_.store +
                       "': " + error.what());
  }
}

void JobRun::WriteOutput() {
  std::unique_ptr<File> part;
  if (folder_ != nullptr) {
    part = folder_->OpenPart();
    output_bytes_ = std::make_unique<FileByteSink>(*part);
    OpenOutput(*output_bytes_);
  }
  renderer_->WriteAll();
  output_sink_->Finish();
  if (compressor_ != nullptr) compressor_->Finish();
  if (options_.redactor != nullptr) options_.redactor->Sync();
  FillReport();
  if (folder_ != nullptr) report_.output_bytes = part->Info().size;
  if (folder_ != nullptr) folder_->CommitOutput(std::move(part), report_.ToJson());
}

// What became of rows, where the plan and the journal know it of inputs.
void JobRun::CountRows() {
  const PlanSummary& summary = plan_->summary;
  report_.computed_rows = inputs_done_;
  report_.duplicate_rows = summary.duplicate_inputs;
  const InputIndex& index = plan_->inputs;
  if (index.HasSeveralInputs()) {
    report_.inputs = {summary.inputs, inputs_done_, summary.duplicate_inputs};
    report_.computed_rows = report_.duplicate_rows = 0;
    for (uint64_t row = index.first_row(); row < index.end_row(); ++row) {
      const uint64_t first = index.FirstInput(row);
      bool computed = false;
      bool waited = false;
      for (uint64_t input = first; input < first + index.NumInputs(row); ++input) {
        const RowEntry& entry = plan_->rows[input];
        if (!entry.runnable() || entry.finished) continue;
        if (plan_->rows.MustRun(input)) computed = computed || results_->Has(input);
        waited = true;
      }
      if (computed) ++report_.computed_rows;
      if (waited && !computed) ++report_.duplicate_rows;
    }
  }
  report_.prep.duplicate_rows = report_.duplicate_rows;
}

// The same bins for all units, and shares instead of seconds.
void JobRun::FillTimeline() {
  double widest = 0.0;
  for (const StepLog& log : step_logs_) widest = std::max(widest, log.bin_seconds());
  size_t num_bins = 0;
  for (StepLog& log : step_logs_) {
    log.WidenTo(widest);
    num_bins = std::max(num_bins, log.busy_seconds().size());
  }
  report_.timeline_bin_seconds = widest;
  for (const StepLog& log : step_logs_) {
    std::vector<double> shares(num_bins);
    for (size_t i = 0; i < log.busy_seconds().size(); ++i) {
      shares[i] = std::min(1.0, log.busy_seconds()[i] / widest);
    }
    report_.timeline.push_back(std::move(shares));
  }
}

void JobRun::FillReport() {
  report_.task = task_.name();
  report_.model_reference = model_.reference;
  report_.model_sha256 = model_.sha256;
  report_.architecture = ArchitectureOf(model_.model);
  report_.work_name = task_.work_name();
  report_.isa = model_.kernels->name;
  report_.numerics = model_.numerics;
  report_.input = options_.source.input.path;
  report_.output = options_.output;
  report_.num_units = units_.num_units;
  report_.threads_per_unit = units_.threads_per_unit;
  report_.options = task_.FingerprintEntries();
  report_.execution = ExecutionEntries(options_);
  if (!tuned_.empty()) report_.execution.emplace_back("tuned", tuned_);
  report_.load_seconds = model_.load_seconds;
  const RenderCounts& counts = renderer_->counts();
  report_.rows = counts.rows;
  report_.rows_by_status = counts.rows_by_status;
  report_.first_failure = counts.first_failure;
  report_.failures = counts.failures;
  std::sort(report_.failures.begin(), report_.failures.end(),
            [](const FailureKind& a, const FailureKind& b) {
              return a.rows != b.rows ? a.rows > b.rows : a.error < b.error;
            });
  FillTimeline();
  report_.row_nanoseconds = row_times_;
  report_.machine = MachineEntries();
  report_.gold = counts.gold;
  if (counts.measure != nullptr && counts.measure->num_rows() > 0) {
    report_.gold_measure = {counts.measure->num_rows(), counts.measure->Values()};
  }
  report_.labels.assign(task_.labels().begin(), task_.labels().end());
  if (options_.redactor != nullptr) {
    report_.redacts = true;
    report_.redacted_rows = report_.prep.redacted.rows;
    report_.redacted_output_rows = counts.redacted.rows;
    report_.redacted = NamedCounts(report_.prep.redacted, *options_.redactor);
    report_.redacted_output = NamedCounts(counts.redacted, *options_.redactor);
  }
  const PlanSummary& summary = plan_->summary;
  report_.interrupted_rows = results_->interrupted_rows();
  CountRows();
  report_.computed_tokens = tokens_done_ + prefixes_->computed_tokens();
  report_.saved_by_deduplication = summary.saved_by_deduplication;
  report_.saved_by_prefix_sharing = summary.saved_by_prefix_sharing;
  report_.row_p50_seconds = static_cast<double>(row_times_.Quantile(0.5)) * 1e-9;
  report_.row_p95_seconds = static_cast<double>(row_times_.Quantile(0.95)) * 1e-9;
  const Clock::time_point now = Clock::now();
  report_.write_seconds = Seconds(now - stage_start_);
  report_.wall_seconds = Seconds(now - start_);
  if (source_->damage()) {
    report_.exit_code = ExitCode::kData;
    report_.error = *source_->damage();
  } else if (stopped_early_ || TooManyErrors()) {
    report_.exit_code = ExitCode::kTooManyErrors;
    report_.error =
        std::to_string(error_rows_) + " rows are invalid or failed, more than --max-errors allows";
  }
}

}  // namespace rowmill
