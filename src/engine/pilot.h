// Runs a sample of a plan's rows on units of the job's own kind, throws the answers away and keeps
// how long each step took: what the time of a whole job is forecast from, and what layouts of units
// are compared by (engine/autotune.h).
//
// What it is not: part of the job. No result of it is kept, so it cannot change a byte; only the
// shared prefixes that it computes stay for the rows that follow.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "engine/job.h"
#include "engine/model_unit.h"
#include "engine/planner.h"
#include "engine/prefix_store.h"
#include "metrics/work_cost.h"

namespace rowmill {

// What a pilot runs on; all of it outlives the pilot.
struct PilotContext {
  const Plan& plan;
  PrefixStore& prefixes;
  const JobModel& model;
  const DecodeSpec& spec;
  FileSystem& file_system;
  const std::atomic<bool>* stop = nullptr;  // ends the pilot early
};

// A row to run, perhaps only its beginning.
struct PilotRow {
  uint64_t row = 0;
  uint32_t max_tokens = UINT32_MAX;
};

// Rows spread evenly over the order of execution, of about `tokens` tokens together, at most
// `max_rows` and at least one where there is one. The longest row is among them, cut, where it is
// so much longer than others that its tokens' attention costs more than theirs.
std::vector<PilotRow> SampleRows(const PilotContext& context, uint64_t tokens, size_t max_rows);

// Task::work_name() of the jobs that a pilot is for: of media the plan knows the costs, and steps
// are not counted in them.
inline constexpr std::string_view kTokenWork = "tokens";

// What a pilot for the time takes of a job at most: batches and rows for each unit.
inline constexpr uint64_t kPilotBatches = 6;
inline constexpr size_t kPilotRows = 32;

struct PilotRun {
  double seconds = 0.0;             // wall time
  double unit_seconds = 0.0;        // of all units, without waiting for each other
  std::vector<WorkSample> samples;  // the steps of all units, one unit after the other
  Work work;                        // of all steps
  uint64_t rows_done = 0;
  bool complete = true;  // not stopped by the time limit
};

// The store of the plan's shared prefixes; plan and model outlive it.
std::unique_ptr<PrefixStore> MakePrefixStore(const Plan& plan, const JobModel& model,
                                             const UnitOptions& options);

// Throws what units throw.
PilotRun RunPilot(const PilotContext& context, const UnitLayout& layout, const UnitOptions& options,
                  std::span<const PilotRow> rows, double max_seconds);

// What the rows of a plan will take.
class Forecast {
 public:
  // From a pilot that ran in the layout that the job will have. Nothing where too little was
  // measured.
  static std::optional<Forecast> FromPilot(const PilotContext& context, const UnitLayout& layout,
                                           const UnitOptions& options, const PilotRun& pilot);
  // With prices whose proportions are the model's arithmetic: their scale has to come from the run.
  static Forecast FromModel(const PilotContext& context, const UnitLayout& layout,
                            const UnitOptions& options);

  // Seconds that all rows take, all units together, as far as the run has shown how long answers
  // are: `answer_tokens` were computed for `rows_done` rows.
  double UnitSeconds(double answer_tokens, uint64_t rows_done) const;
  double SecondsOf(const Work& work) const { return cost_.Seconds(work); }

  // Wall time from the first row to the last answer.
  JobProgress::Left WholeRun() const;

 private:
  Forecast() = default;
  void CountPlan(const PilotContext& context);
  double Steps(double answers_per_row, double max_answer) const;

  UnitLayout layout_;
  UnitOptions options_;
  WorkCost cost_;
  Work prompts_;  // of all rows to run and all shared prefixes; steps are not in it
  double rows_ = 0.0;
  double longest_row_seconds_ = 0.0;
  Work longest_row_;
  double positions_ = 0.0;        // of all rows' prompts, shared tokens included
  double answers_per_row_ = 0.0;  // answer tokens through the model
  double max_answer_ = 0.0;
  bool answers_vary_ = false;  // it is the model that ends them
  double seconds_ = 0.0;
  double relative_error_ = 1.0;
};

}  // namespace rowmill
