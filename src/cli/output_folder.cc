#include "cli/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/whole_file.h"
#include "data/format.h"
#include "engine/run_sum.h"

namespace rowmill {
namespace {

using FileIdentity = std::pair<uint64_t, uint64_t>;  // device and inode

// Nothing where the file is not there.
std::optional<FileIdentity> IdentityOf(FileSystem& file_system, const std::string& path) {
  if (!file_system.Exists(path)) return std::nullopt;
  const FileInfo info = file_system.Info(path);
  return FileIdentity{info.device, info.inode};
}

uint64_t FailedRows(const Json& run) {
  return CountAt(run, "rows.invalid") + CountAt(run, "rows.error");
}

}  // namespace

std::vector<JobOptions> JobsIntoFolder(FileSystem& file_system, const JobOptions& options,
                                       const std::vector<std::string>& paths) {
  if (!options.source.input.files.patterns.empty()) {
    throw UsageError("-o " + options.output +
                     ": the rows of this task are files, and all have one output: give a file");
  }
  if (!options.trace.empty()) {
    throw UsageError("--trace is of one job, and -o " + options.output + " makes one of each file");
  }
  std::map<std::string, std::string> inputs;  // by their outputs
  std::vector<JobOptions> jobs;
  for (const std::string& path : paths) {
    if (path == "-") {
      throw UsageError("-o " + options.output +
                       " names outputs after the input files, and standard input has no name");
    }
    const Format format = options.output_format   ? *options.output_format
                          : options.source.format ? *options.source.format
                                                  : RequireFormat(path);
    JobOptions job = options;
    job.source.input.path = path;
    job.source.paths.clear();
    job.output = options.output + StemOf(path) + FormatSuffix(format);
    const auto [other, is_new] = inputs.emplace(job.output, path);
    if (!is_new) {
      throw UsageError("'" + other->second + "' and '" + path + "' would both be written to '" +
                       job.output + "': rename one of them, or run them apart");
    }
    jobs.push_back(std::move(job));
  }
  std::set<FileIdentity> read;
  for (const std::string& path : paths) {
    if (const auto identity = IdentityOf(file_system, path)) read.insert(*identity);
  }
  for (const JobOptions& job : jobs) {
    const std::optional<FileIdentity> identity = IdentityOf(file_system, job.output);
    if (!identity || !read.contains(*identity)) continue;
    throw UsageError("the output '" + job.output +
                     "' is an input, which is never replaced: give another folder");
  }
  return jobs;
}

ErrorLimit FolderRun::Left(const ErrorLimit& limit) const {
  ErrorLimit left = limit;
  if (left.rows) *left.rows -= std::min(*left.rows, failed_rows_);
  return left;
}

bool FolderRun::Add(Caller& caller, const JobOptions& job, const RunReport& report) {
  const std::string path = job.output + ".run.json";
  runs_.push_back(ParseRunJson(ReadWhole(*file_system_.Open(path, OpenMode::kRead)), path));
  const Json& run = runs_.back();
  failed_rows_ += FailedRows(run);
  num_finished_before_ += report.finished_before;
  if (exit_code_ == ExitCode::kOk && report.exit_code != ExitCode::kOk) {
    exit_code_ = report.exit_code;
    error_ = report.error;
  }
  const uint64_t failed = FailedRows(run) + CountAt(run, "rows.skipped");
  caller.Tell(
      fmt::format("file          {} -> {}: {}{}{}\n", job.source.input.path, job.output,
                  report.finished_before ? "finished before, " : "",
                  fmt::format("{} rows", CountAt(run, "rows.total")),
                  failed == 0 ? "" : fmt::format(" ({} invalid, failed or skipped)", failed)));
  if (!report.error.empty()) caller.Tell(fmt::format("rowmill: {}\n", report.error));
  return report.exit_code != ExitCode::kTooManyErrors;
}

std::string FolderRun::Finish() {
  sum_ = SumOfRuns(runs_);
  sum_["input"] = input_;
  sum_["output"] = folder_;
  for (const Json& run : runs_) {
    sum_["files"].push_back({{"input", JsonAt(run, "input")},
                             {"output", JsonAt(run, "output")},
                             {"rows", JsonAt(run, "rows")}});
  }
  sum_["exit_code"] = static_cast<int>(exit_code_);
  if (!error_.empty()) sum_["error"] = error_;
  const std::string text = sum_.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  WriteWhole(file_system_, folder_ + "run.json", text);
  return text;
}

std::string FolderRun::Summary() const {
  std::string out = fmt::format(
      "files         {}{}\nrows          {}\n", runs_.size(),
      num_finished_before_ == 0 ? "" : fmt::format(", {} finished before", num_finished_before_),
      CountAt(sum_, "rows.total"));
  for (const char* status : {"ok", "truncated", "invalid", "error", "skipped"}) {
    const uint64_t rows = CountAt(sum_, std::string("rows.") + status);
    if (rows > 0) out += fmt::format("  {:<12}{:>12}\n", status, rows);
  }
  const auto number = [&](const char* path) { return NumberAt(sum_, path).value_or(0.0); };
  out += fmt::format("speed         {:.6f} s per row and thread\n", number("measures.speed"));
  if (const auto accuracy = NumberAt(sum_, "measures.accuracy")) {
    out += fmt::format("accuracy      {:.4f}\n", *accuracy);
  }
  out += fmt::format("efficiency    {:.6f}\noutput        {}\n", number("measures.efficiency"),
                     folder_);
  return out;
}

}  // namespace rowmill
