// What a person reads after a run or a plan.
#pragma once

#include <string>

#include "engine/job.h"

namespace rowmill {

std::string SummaryText(const RunReport& report);
std::string PlanText(const JobPlan& plan, const JobOptions& options, const JobModel& model);

}  // namespace rowmill
