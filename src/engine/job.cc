#include "engine/job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/check.h"
#include "engine/job_run.h"

namespace rowmill {

JobPlan PlanJob(const JobOptions& options, const JobModel& model, Task& task,
                const JobContext& context) {
  CheckJob(options, task, *context.file_system);
  const ScratchFolder scratch;
  SourceOptions source_options = options.source;
  source_options.input.spool_path = scratch.path() + "/spool";
  const std::unique_ptr<Source> source = OpenSource(*context.file_system, source_options);
  CheckHeader(options, task, *source);
  const Plan plan = MakePlan(options, task, context,
                             {.source = *source, .results = nullptr, .folder = scratch.path()})
                        .plan;
  JobPlan job_plan;
  job_plan.summary = plan.summary;
  job_plan.memory_limit = MemoryLimit(options);
  job_plan.memory = EstimateMemory(plan, MemoryOptionsOf(options, model, task));
  job_plan.spooled = source->spooled();
  job_plan.work_name = task.work_name();
  return job_plan;
}

RunReport RunJob(const JobOptions& options, const JobModel& model, Task& task,
                 const JobContext& context) {
  return JobRun(options, model, task, context).Run();
}

}  // namespace rowmill
