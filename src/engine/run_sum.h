// One report of several runs of one command: of a job's shards, or of a job for each file.
#pragma once

#include <vector>

#include "report/run_json.h"

namespace rowmill {

// What the runs have in common, from the first of them, and the sums of what they have counted:
// rows, tokens, kinds of failures, accuracy. Measures of time are left to the runs' own reports. At
// least one run.
Json SumOfCounts(const std::vector<Json>& runs);

// The same with the times of runs that came one after the other, and the measures that follow.
Json SumOfRuns(const std::vector<Json>& runs);

}  // namespace rowmill
