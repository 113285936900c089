// Joins the outputs of a job's shards into the output that the undivided job would have written.
//
// What it is not: a check of every row (rowmill verify does that). It checks that the shards belong
// together: the same job by its fingerprint, each part once, none missing, nothing added to or
// taken from an output since.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace rowmill {

struct MergeOptions {
  std::vector<std::string> shards;  // outputs, each with its .run.json beside it, in any order
  std::string output;
  bool overwrite = false;
};

struct MergeReport {
  uint64_t rows = 0;
  uint64_t failed_rows = 0;  // invalid, error and skipped
};

// Writes OUTPUT and OUTPUT.run.json, each whole or not at all. Throws UsageError where the shards
// do not belong together, DataError where a report is none, IoError.
MergeReport MergeShards(FileSystem& file_system, const MergeOptions& options);

}  // namespace rowmill
