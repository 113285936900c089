// `-o FOLDER/`: a job of its own for each data file, one after the other with one model, so that
// each output has the bytes, the journal and the report that the file alone would have
// (docs/decisions/0018-a-job-for-each-file.md).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "cli/caller.h"
#include "engine/job.h"
#include "report/run_json.h"

namespace rowmill {

inline bool IsFolderOutput(const std::string& output) { return output.ends_with('/'); }

// The jobs, in the order of `paths`: `options` with that input, and the output FOLDER/STEM.FORMAT.
// Throws UsageError where two files would have one output, an output would be an input, or the
// input has no name; IoError.
std::vector<JobOptions> JobsIntoFolder(FileSystem& file_system, const JobOptions& options,
                                       const std::vector<std::string>& paths);

// What became of the jobs, one after the other, and the sum of their reports.
class FolderRun {
 public:
  // `input`: what messages call the files.
  FolderRun(FileSystem& file_system, std::string folder, std::string input)
      : file_system_(file_system), folder_(std::move(folder)), input_(std::move(input)) {}

  // The limit of rows that may fail in what is left of the jobs.
  ErrorLimit Left(const ErrorLimit& limit) const;
  // Takes what became of a job and tells of it in a line. False where the jobs behind it are not to
  // be run.
  bool Add(Caller& caller, const JobOptions& job, const RunReport& report);

  // Writes FOLDER/run.json, and says what it is: the sum of all, of earlier runs of the command
  // too.
  std::string Finish();
  // The same for a person.
  std::string Summary() const;

  ExitCode exit_code() const { return exit_code_; }
  const std::string& error() const { return error_; }

 private:
  FileSystem& file_system_;
  std::string folder_;
  std::string input_;
  std::vector<Json> runs_;
  Json sum_;
  uint64_t num_finished_before_ = 0;
  uint64_t failed_rows_ = 0;
  ExitCode exit_code_ = ExitCode::kOk;
  std::string error_;
};

}  // namespace rowmill
