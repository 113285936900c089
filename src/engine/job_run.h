// The steps of one job, in the order in which they happen; RunJob is the front door (engine/job.h).
#pragma once

#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/mapped_array.h"
#include "engine/autotune.h"
#include "engine/job.h"
#include "engine/job_folder.h"
#include "engine/pilot.h"
#include "engine/renderer.h"
#include "engine/result_store.h"
#include "engine/step_log.h"
#include "engine/stored_answers.h"
#include "metrics/eta.h"
#include "metrics/quantile_histogram.h"
#include "parallel/bounded_queue.h"

namespace rowmill {

// A folder for scratch files that goes away with the object: of plans and of jobs that write to
// standard output.
class ScratchFolder {
 public:
  ScratchFolder();  // throws IoError
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct PlanInput {
  Source& source;
  ResultStore* results;   // null: only a plan is wanted
  StoredAnswers* stored;  // null: there is no store
  std::string folder;     // for scratch files
};

struct PreparedPlan {
  Plan plan;
  PrepReport prep;
  QuantileHistogram row_tokens;  // of inputs with a prompt
  uint64_t resumed_rows = 0;     // found finished in the journal
  uint64_t stored_rows = 0;      // finished by answers of a store
};

// Reads and prepares all rows. Rows that no model can answer get their results at once. Throws
// UsageError where a column that the user named is in no row.
PreparedPlan MakePlan(const JobOptions& options, const Task& task, const JobContext& context,
                      const PlanInput& input);
// What can be said against a job before its input is read. Throws UsageError.
void CheckJob(const JobOptions& options, const Task& task, FileSystem& file_system);
// Throws UsageError where the header of a CSV or the columns of a text lack what the task or
// --gold reads.
void CheckHeader(const JobOptions& options, const Task& task, const Source& source);
uint64_t MemoryLimit(const JobOptions& options);
MemoryOptions MemoryOptionsOf(const JobOptions& options, const JobModel& model, const Task& task);
// Null where no store is wanted. `scratch`: folder for scratch files.
std::unique_ptr<StoredAnswers> OpenStore(const JobOptions& options, const JobModel& model,
                                         const Task& task, FileSystem& file_system,
                                         const std::string& scratch);
// How the work is done, which decides no byte: names and values for the report.
std::vector<std::pair<std::string, std::string>> ExecutionEntries(const JobOptions& options);
// Everything that decides the output's bytes.
Fingerprint JobFingerprint(const JobOptions& options, const JobModel& model, const Task& task,
                           FileSystem& file_system);

class JobRun {
 public:
  JobRun(const JobOptions& options, const JobModel& model, Task& task, const JobContext& context);
  ~JobRun();
  RunReport Run();

 private:
  using Clock = std::chrono::steady_clock;
  // What units tell the aggregating thread.
  struct InputStarted {
    uint64_t input = 0;
  };
  using Event = std::variant<InputStarted, UnitOutcome>;
  class Feed;
  class Sink;

  void Prepare();
  void OpenFolder();
  void TellOfLeftOutColumns() const;
  void CheckMemory() const;
  void Calibrate();
  void Execute();
  void ForecastTime();
  void Tune(const PilotContext& context);
  uint32_t OwnTokens(uint64_t input) const;
  uint64_t AnswerTokens(const UnitOutcome& outcome) const;
  void UpdateEta(JobProgress& progress);
  void RunUnit(size_t unit);
  void Aggregate();
  void Take(const UnitOutcome& outcome);
  void CountFailure(uint64_t input);
  bool TooManyErrors() const;
  void ReportProgress(JobProgress::Stage stage);
  void FillReport();
  void FillTimeline();
  void CountRows();
  void OpenOutput(ByteSink& bytes);
  void KeepAnswers();
  void WriteOutput();

  JobOptions options_;  // its own: tuning changes how the work is done
  const JobModel& model_;
  Task& task_;
  const JobContext& context_;
  RunReport report_;
  UnitLayout units_;
  Clock::time_point start_;
  Clock::time_point stage_start_;

  std::unique_ptr<ScratchFolder> scratch_;  // without an output file
  std::unique_ptr<JobFolder> folder_;       // with one
  std::string scratch_path_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<ResultStore> results_;
  std::unique_ptr<StoredAnswers> stored_;  // null: there is no store
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<PrefixStore> prefixes_;
  std::unique_ptr<Scheduler> scheduler_;
  // Standard output gets rows as they become complete; files are rendered at the end.
  std::unique_ptr<ByteSink> output_bytes_;
  std::unique_ptr<ByteSink> compressor_;
  std::unique_ptr<rowmill::Sink> output_sink_;
  std::unique_ptr<Renderer> renderer_;
  Format output_format_ = Format::kJsonl;

  BoundedQueue<Event> events_;
  std::atomic<bool> stop_units_{false};
  std::mutex unit_mutex_;  // guards the two below
  std::exception_ptr unit_error_;
  size_t units_running_ = 0;

  uint64_t inputs_done_ = 0;  // of those that a model has to answer
  uint64_t error_rows_ = 0;
  std::optional<MappedArray<uint8_t>> failed_rows_;  // [rows], where rows have several inputs
  bool stopped_early_ = false;
  uint64_t tokens_done_ = 0;
  QuantileHistogram row_times_;
  std::unique_ptr<TraceWriter> trace_;  // null: none is wanted
  std::deque<StepLog> step_logs_;       // [units]
  // What is left is counted in microseconds that the pilot's prices make of it; how they compare
  // with the clock is seen as the run goes on.
  std::optional<Forecast> forecast_;
  std::string tuned_;                            // what was chosen and why; empty where nothing was
  double run_began_ = 0.0;                       // after the pilot, in seconds of the stage
  std::optional<JobProgress::Left> pilot_left_;  // as the run began
  std::optional<EtaEstimator> eta_;
  uint64_t answer_tokens_done_ = 0;  // through the model, of rows that are done
};

}  // namespace rowmill
