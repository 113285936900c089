#include "engine/job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/check.h"
#include "engine/job_run.h"
#include "engine/job_tuning.h"

namespace rowmill {

namespace {

// A plan is asked for to know the time: a pilot may take so long.
constexpr double kPilotSeconds = 3.0;

// Chooses the settings that a run would take without measuring, and forecasts the time with them.
void PlanWork(const JobOptions& asked, const JobModel& model, const Task& task,
              const JobContext& context, const Plan& plan, JobPlan& job_plan) {
  JobOptions options = asked;
  UnitLayout layout = ChooseUnits(options, plan.summary.inputs_to_run);
  if (task.work_name() == kTokenWork) {
    const std::unique_ptr<PrefixStore> prefixes = MakePrefixStore(plan, model, options.unit);
    const PilotContext pilot_context = {
        plan, *prefixes, model, task.decode_spec(), *context.file_system, context.stop};
    const JobTuning tuning(options, model, task, plan);
    if (const std::optional<TuneSettings> kept = tuning.FindKept(pilot_context)) {
      JobTuning::Apply(*kept, options, layout);
      job_plan.is_tuned = true;
    }
    const PilotForecast pilot = RunTimePilot(pilot_context, layout, options.unit,
                                             TimePilotSize(layout, options.unit, kPilotSeconds));
    if (pilot.forecast) {
      const JobProgress::Left left = pilot.forecast->WholeRun();
      job_plan.time = {left.seconds, left.low, left.high, pilot.rows, pilot.seconds};
    }
  }
  job_plan.layout = layout;
  job_plan.batch_tokens = options.unit.batch_tokens;
  job_plan.memory = EstimateMemory(plan, MemoryOptionsOf(options, model, task));
}

}  // namespace

JobPlan PlanJob(const JobOptions& options, const JobModel& model, Task& task,
                const JobContext& context) {
  CheckJob(options, task, *context.file_system);
  const ScratchFolder scratch;
  SourceOptions source_options = options.source;
  source_options.input.spool_path = scratch.path() + "/spool";
  const std::unique_ptr<Source> source = OpenSource(*context.file_system, source_options);
  CheckHeader(options, task, *source);
  const std::unique_ptr<StoredAnswers> stored =
      OpenStore(options, model, task, *context.file_system, scratch.path());
  const Plan plan =
      MakePlan(
          options, task, context,
          {.source = *source, .results = nullptr, .stored = stored.get(), .folder = scratch.path()})
          .plan;
  JobPlan job_plan;
  job_plan.summary = plan.summary;
  job_plan.memory_limit = MemoryLimit(options);
  job_plan.spooled = source->spooled();
  PlanWork(options, model, task, context, plan, job_plan);
  job_plan.work_name = task.work_name();
  return job_plan;
}

RunReport RunJob(const JobOptions& options, const JobModel& model, Task& task,
                 const JobContext& context) {
  return JobRun(options, model, task, context).Run();
}

}  // namespace rowmill
