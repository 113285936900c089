// What a plan and a run of a job do alike before the first row: find the settings that an earlier
// job has measured (engine/autotune.h), and forecast the time from a pilot (engine/pilot.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "engine/autotune.h"
#include "engine/job.h"
#include "engine/pilot.h"

namespace rowmill {

// A job whose settings are chosen; all of it outlives the object.
class JobTuning {
 public:
  JobTuning(const JobOptions& options, const JobModel& model, const Task& task, const Plan& plan)
      : options_(options), model_(model), task_(task), plan_(plan) {}

  TuneAxes axes() const { return {options_.tune_layout, options_.tune_batch_tokens}; }
  // Whether the job's memory allows them.
  bool Fits(const TuneSettings& settings) const;
  // What an earlier job has found for this one; nothing where tuning is off or to be done anew.
  std::optional<TuneSettings> FindKept(const PilotContext& context) const;
  // Makes them those of the options and of `layout`, as far as they are not the user's choice.
  static void Apply(const TuneSettings& settings, JobOptions& options, UnitLayout& layout);

 private:
  const JobOptions& options_;
  const JobModel& model_;
  const Task& task_;
  const Plan& plan_;
};

// How much of a job a pilot runs.
struct PilotSize {
  uint64_t tokens = 0;
  size_t max_rows = 0;
  double max_seconds = 0.0;
};
// What a pilot for the time of a whole job runs.
PilotSize TimePilotSize(const UnitLayout& layout, const UnitOptions& options, double max_seconds);

struct PilotForecast {
  uint64_t rows = 0;                 // that were drawn
  double seconds = 0.0;              // that they took
  std::optional<Forecast> forecast;  // nothing where too little was measured
};

// Draws rows, runs them in the layout that the job will have, and fits what they took.
PilotForecast RunTimePilot(const PilotContext& context, const UnitLayout& layout,
                           const UnitOptions& options, const PilotSize& size);

}  // namespace rowmill
