#include "engine/job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/check.h"
#include "engine/job_run.h"
#include "engine/pilot.h"

namespace rowmill {

namespace {

// A plan is asked for to know the time: a pilot may take so long.
constexpr double kPilotSeconds = 3.0;

std::optional<JobPlan::Time> PlanTime(const JobOptions& options, const JobModel& model,
                                      const Task& task, const JobContext& context,
                                      const Plan& plan) {
  if (task.work_name() != kTokenWork) return std::nullopt;
  const UnitLayout layout = ChooseUnits(options, plan.summary.inputs_to_run);
  const std::unique_ptr<PrefixStore> prefixes = MakePrefixStore(plan, model, options.unit);
  const PilotContext pilot_context = {
      plan, *prefixes, model, task.decode_spec(), *context.file_system, context.stop};
  const std::vector<PilotRow> rows =
      SampleRows(pilot_context, kPilotBatches * layout.num_units * options.unit.batch_tokens,
                 kPilotRows * layout.num_units);
  if (rows.empty()) return std::nullopt;
  const PilotRun pilot = RunPilot(pilot_context, layout, options.unit, rows, kPilotSeconds);
  const std::optional<Forecast> forecast =
      Forecast::FromPilot(pilot_context, layout, options.unit, pilot);
  if (!forecast) return std::nullopt;
  const JobProgress::Left left = forecast->WholeRun();
  return JobPlan::Time{left.seconds, left.low, left.high, rows.size(), pilot.seconds};
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
  job_plan.memory = EstimateMemory(plan, MemoryOptionsOf(options, model, task));
  job_plan.spooled = source->spooled();
  job_plan.time = PlanTime(options, model, task, context, plan);
  job_plan.work_name = task.work_name();
  return job_plan;
}

RunReport RunJob(const JobOptions& options, const JobModel& model, Task& task,
                 const JobContext& context) {
  return JobRun(options, model, task, context).Run();
}

}  // namespace rowmill
