// Runs a task over a data set: plan, execute on units, journal, render, report. This is the one way
// a job runs; the command line, the Python package and the tests differ only in where options come
// from.
//
// The pipeline (docs/architecture.md): Source -> prep -> Planner -> SubTask -> Scheduler ->
// ExecutionUnit -> results in the journal -> Sink.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cpu.h"
#include "base/file_system.h"
#include "data/sink.h"
#include "data/source.h"
#include "engine/execution_unit.h"
#include "engine/planner.h"
#include "engine/run_report.h"
#include "engine/scheduler.h"
#include "models/any_model.h"
#include "prep/redact/redactor.h"
#include "tasks/task.h"

namespace rowmill {

// Rows [floor(index * N / count), floor((index + 1) * N / count)) of N.
struct Shard {
  uint64_t index = 0;
  uint64_t count = 1;
};

// Stops the run early: more invalid and error rows than this.
struct ErrorLimit {
  std::optional<uint64_t> rows;   // absolute
  std::optional<double> percent;  // of all rows
};

// How many units work, and how many threads each has.
struct UnitLayout {
  size_t num_units = 1;
  size_t threads_per_unit = 1;
};

// How many units and threads a job has: as asked for, or with the units that would have no row
// giving their threads to the others.
enum class UnitChoice : uint8_t { kAsAsked, kByRows };

// Whether units, threads and budget are chosen by measuring (engine/autotune.h).
enum class Autotune : uint8_t {
  kOff,
  kAuto,  // what an earlier job has found, or where a measurement is under a hundredth of the job
  kOn,    // measures anew
};

struct JobOptions {
  SourceOptions source;
  std::string output = "-";             // "-" is standard output: no journal, nothing to resume
  std::optional<Format> output_format;  // from the file name, or the input's
  bool csv_safe = false;
  bool overwrite = false;
  bool force_new = false;
  std::optional<uint64_t> limit;  // only the first rows
  Shard shard;
  std::optional<std::string> id_column;    // must be there and differ in every row
  std::optional<std::string> gold_column;  // for tasks with labels only
  ErrorLimit max_errors;
  // The one that the task redacts its rows with; null where nothing is redacted.
  std::shared_ptr<const Redactor> redactor;

  size_t num_units = 1;
  size_t threads_per_unit = 1;
  UnitChoice unit_choice = UnitChoice::kAsAsked;
  AllocationStrategy strategy = AllocationStrategy::kStealing;
  UnitOptions unit;
  Autotune autotune = Autotune::kOff;
  bool tune_layout = false;        // num_units and threads_per_unit are not the user's choice
  bool tune_batch_tokens = false;  // nor is unit.batch_tokens
  std::string tuning_file;         // what earlier jobs have found; empty: none is kept
  bool prefix_sharing = true;
  bool deduplication = true;
  // Folder of answers that jobs share (engine/stored_answers.h): what is there is not computed,
  // what is computed is added. Empty: none.
  std::string store;
  std::string trace;          // file for every step and row; empty: none
  uint64_t memory_bytes = 0;  // 0: 80 % of what the machine or cgroup has
};

// In which a job of so many model inputs works, as far as nothing is measured.
UnitLayout ChooseUnits(const JobOptions& options, uint64_t inputs_to_run);

// What the job runs on; all of it outlives the job and is only read.
struct JobModel {
  AnyModel model;
  const kernels::KernelTable* kernels = nullptr;
  std::string reference;  // what the user asked for
  std::string sha256;
  std::string numerics;  // name of the numeric recipe
  double load_seconds = 0.0;
};

struct JobProgress {
  enum class Stage : uint8_t { kPlan, kRun, kWrite } stage = Stage::kPlan;
  uint64_t rows_done = 0;    // of the stage
  uint64_t rows_total = 0;   // 0: not known yet
  uint64_t tokens_done = 0;  // or what else costs are counted in
  uint64_t tokens_total = 0;
  std::string_view row_name = "rows";
  std::string_view work_name = "tokens";
  double seconds = 0.0;  // since the stage began
  // How long the stage will go on, of which 95 % of the time no more than the two bounds are wrong;
  // nothing where nothing can be said.
  struct Left {
    double seconds = 0.0;
    double low = 0.0;
    double high = 0.0;
  };
  std::optional<Left> left;
};

// The world around a job.
struct JobContext {
  FileSystem* file_system = nullptr;
  const std::atomic<bool>* stop = nullptr;  // set by a signal
  std::function<void(const JobProgress&)>
      on_progress;                                    // a few times a second, on the calling thread
  std::function<void(const std::string&)> on_notice;  // one line that the user should read
  // Each row as it is written, in order, on the calling thread; may be empty.
  std::function<void(const RowAnswer&, const OutputRow&)> on_row;
  // Takes the rows in the place of standard output; empty: they are written there.
  std::function<std::unique_ptr<Sink>(OutputSchema)> make_sink;
  int stdout_fd = 1;
};

// What `rowmill plan` shows; nothing is written, and no more than a pilot is run.
struct JobPlan {
  PlanSummary summary;
  MemoryEstimate memory;
  uint64_t memory_limit = 0;
  bool spooled = false;
  // From a pilot on some of the rows; nothing where there was nothing to measure.
  struct Time {
    double seconds = 0.0;  // in the model
    double low = 0.0;
    double high = 0.0;
    uint64_t pilot_rows = 0;
    double pilot_seconds = 0.0;
  };
  std::optional<Time> time;
  std::string work_name;  // Task::work_name
  // In which a run would work: asked for, by the rows, or found by an earlier job.
  UnitLayout layout;
  size_t batch_tokens = 0;
  bool is_tuned = false;
};
JobPlan PlanJob(const JobOptions& options, const JobModel& model, Task& task,
                const JobContext& context);

// Runs the job to its end and returns the report that was also written to OUTPUT.run.json. Throws
// StoppedError where `stop` was set (everything done is kept), and the typed errors of its parts.
// The report's exit_code is kData where the input was damaged after some rows, kTooManyErrors where
// the limit was passed.
RunReport RunJob(const JobOptions& options, const JobModel& model, Task& task,
                 const JobContext& context);

}  // namespace rowmill
