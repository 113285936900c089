// The columns that the user named, looked for in the input before a model is loaded.
//
// What it is not: the whole check. What a task's own prompt reads beside, and pipes, which can be
// read only once, are looked at when the job begins (engine/job_run.h).
#pragma once

#include "base/file_system.h"
#include "cli/job_flags.h"

namespace rowmill {

// Throws UsageError, with "did you mean", for a column of --text, --prompt, --system, --gold, --id
// or --path that the header of the input has not or, where each row has names of its own, none of
// the rows. Reads rows only until each of the names has been met. Throws what OpenSource throws.
void CheckNamedColumns(FileSystem& file_system, const JobFlags& flags, const JobOptions& options,
                       const PromptOptions& prompt);

}  // namespace rowmill
