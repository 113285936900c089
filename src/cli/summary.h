// What a person reads after a run or a plan, on standard error.
#pragma once

#include "engine/job.h"

namespace rowmill {

void PrintSummary(const RunReport& report);
void PrintPlan(const JobPlan& plan, const JobOptions& options, const JobModel& model);

}  // namespace rowmill
