// Runs chosen rows of a job once more: to prove that an output is what the job gives (verify), or
// to try the rows that failed again (--only failed). What a row gets depends on that row alone, so
// that a job over the chosen rows gives the bytes that the whole job would give them.
//
// Both need an input that can be read twice and an output in a file. The chosen rows are a data set
// of their own in a scratch folder; stopping loses their work, the finished output stays as it is.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/job.h"

namespace rowmill {

struct VerifyReport {
  uint64_t rows = 0;                // of the output
  uint64_t verified = 0;            // computed once more
  std::vector<uint64_t> differing;  // the first of those whose bytes are others, at most 20
  uint64_t num_differing = 0;
};

// Computes `sample` rows (all where there are fewer), chosen by `seed`, once more and compares them
// byte for byte with OUTPUT. Throws as RunJob.
VerifyReport VerifyOutput(const JobOptions& options, const JobModel& model, Task& task,
                          const JobContext& context, uint64_t sample, uint64_t seed);

// Runs the rows whose status in OUTPUT is invalid, error or skipped, and puts what comes of them in
// their places; the other rows keep their bytes. The report is of those rows; OUTPUT.run.json is of
// all.
RunReport RerunFailed(const JobOptions& options, const JobModel& model, Task& task,
                      const JobContext& context);

}  // namespace rowmill
