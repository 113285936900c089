#include "engine/rerun.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/whole_file.h"
#include "engine/job_run.h"
#include "engine/output_part.h"
#include "engine/row_file.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kShownRows = 20;

// Of a job's input: the files, or the list of files that stands for them.
std::vector<SourceOptions> InputFiles(const JobOptions& options, const Task& task) {
  SourceOptions one = options.source;
  for (const std::string& column : task.columns()) one.reserved_names.push_back(column);
  one.paths.clear();
  if (options.source.paths.empty()) return {one};
  std::vector<SourceOptions> files;
  for (const std::string& path : options.source.paths) {
    one.input.path = path;
    files.push_back(one);
  }
  return files;
}

// The finished output, its rows and the report beside it.
class FinishedOutput {
 public:
  FinishedOutput(const JobOptions& options, FileSystem& file_system, const std::string& folder)
      : path_(options.output) {
    const std::string report = path_ + ".run.json";
    if (path_ == "-" || !file_system.Exists(path_) || !file_system.Exists(report)) {
      throw UsageError("'" + path_ +
                       "' is not there with its '.run.json': this is about the output "
                       "of a job that has finished");
    }
    if (options.source.input.files.patterns.empty() && options.source.paths.empty()) {
      const std::string& input = options.source.input.path;
      if (input == "-" || file_system.Info(input).kind != FileInfo::Kind::kRegular) {
        throw UsageError("rows of standard input or a pipe are gone: give the data set as a file");
      }
    }
    if (options.shard.count > 1) {
      throw UsageError("--shard: this works on whole outputs; merge the shards first");
    }
    run_ = Json::parse(ReadWhole(*file_system.Open(report, OpenMode::kRead)), nullptr,
                       /*allow_exceptions=*/false);
    if (!run_.is_object()) throw DataError("'" + report + "' is no report of a run");
    source_.input.path = path_;
    source_.format = options.output_format ? *options.output_format : RequireFormat(path_);
    rows_ = RowFile::Open(file_system, source_, folder,
                          [this](const Record& record, const ColumnNames&) { Look(record); });
  }

  const std::string& path() const { return path_; }
  Format format() const { return *source_.format; }
  RowFile& rows() const { return *rows_; }
  const std::vector<uint64_t>& failed() const { return failed_; }
  const Json& run() const { return run_; }
  // Columns of a JSON Lines input are those of its first so many rows: the job read no more of
  // them, but to count the rows that it was to divide.
  uint64_t num_rows_for_columns() const {
    return run_.contains("shards") ? UINT64_MAX : rows_->num_rows();
  }

 private:
  void Look(const Record& record) {
    // The last two columns are `status` and `error`, whatever they are called.
    if (record.num_fields() < 2) return;
    const std::string status = record.FieldAt(record.num_fields() - 2).text;
    if (status == "invalid" || status == "error" || status == "skipped") {
      failed_.push_back(record.index);
    }
  }

  std::string path_;
  Json run_;
  SourceOptions source_;
  std::vector<uint64_t> failed_;
  std::unique_ptr<RowFile> rows_;
};

// Some rows of a job's input as a data set of its own: of each file that has any of them a file
// with these rows alone.
class ChosenRows {
 public:
  ChosenRows(FileSystem& file_system, std::string folder)
      : file_system_(file_system), folder_(std::move(folder)) {}

  // `rows`: ascending.
  void Choose(const std::vector<SourceOptions>& files, const std::vector<uint64_t>& rows,
              uint64_t num_rows_for_columns) {
    uint64_t num_rows = 0;
    auto next = rows.begin();
    for (const SourceOptions& file : files) {
      size_t num_known = 0;
      const std::unique_ptr<RowFile> input = RowFile::Open(
          file_system_, file, folder_, [&](const Record& record, const ColumnNames& columns) {
            if (num_rows + record.index >= num_rows_for_columns) return;
            for (; num_known < columns.size(); ++num_known) {
              const std::string& name = columns.names()[num_known];
              if (!columns_.Find(name).has_value()) columns_.Add(name);
            }
          });
      const uint64_t end = num_rows + input->num_rows();
      const auto last = std::lower_bound(next, rows.end(), end);
      if (next != last) {
        Write(*input, FormatOf(file), num_rows, {&*next, static_cast<size_t>(last - next)});
      }
      next = last;
      num_rows = end;
    }
    if (next != rows.end()) {
      throw UsageError("the input has " + std::to_string(num_rows) +
                       " rows, the output more: they do not belong together");
    }
  }

  void Name(SourceOptions& source) const {
    source.input.files = {};
    source.input.path = paths_.front();
    source.paths = paths_.size() > 1 ? paths_ : std::vector<std::string>{};
    source.format = format_;
    // A row may have fewer names than the whole input, on which the columns of the output depend.
    if (format_ == Format::kJsonl) source.known_columns = columns_.names();
  }

 private:
  static Format FormatOf(const SourceOptions& file) {
    if (!file.input.files.patterns.empty()) return Format::kJsonl;
    return file.format ? *file.format : RequireFormat(file.input.path);
  }

  void Write(RowFile& input, Format format, uint64_t first_row, std::span<const uint64_t> rows) {
    format_ = format;
    paths_.push_back(folder_ + "/rows-" + std::to_string(paths_.size()) + FormatSuffix(format));
    const std::unique_ptr<File> file = file_system_.Open(paths_.back(), OpenMode::kTruncate);
    FileByteSink bytes(*file);
    const std::unique_ptr<RowFileWriter> writer = input.MakeWriter(bytes);
    for (const uint64_t row : rows) writer->Copy(input, {row - first_row, row - first_row + 1});
    writer->Finish();
    file->Close();
  }

  FileSystem& file_system_;
  std::string folder_;
  Format format_ = Format::kJsonl;
  std::vector<std::string> paths_;
  ColumnNames columns_;  // of JSON Lines
};

// A job over some rows of its input, and what comes of them.
class SomeRows {
 public:
  // `rows`: ascending, at least one. `folder` is for the files of the job.
  SomeRows(const JobOptions& options, const FinishedOutput& finished,
           const std::vector<uint64_t>& rows, const std::string& folder)
      : options_(options), finished_(finished), rows_(rows), folder_(folder) {}

  RunReport Run(const JobModel& model, Task& task, const JobContext& context) {
    ChosenRows chosen(*context.file_system, folder_);
    chosen.Choose(InputFiles(options_, task), rows_, finished_.num_rows_for_columns());
    JobOptions some = options_;
    chosen.Name(some.source);
    some.output = folder_ + "/output" + FormatSuffix(finished_.format());
    some.output_format = finished_.format();
    some.limit.reset();
    some.id_column.reset();
    RunReport report = RunJob(some, model, task, context);
    SourceOptions made;
    made.input.path = some.output;
    made.format = finished_.format();
    output_ = RowFile::Open(*context.file_system, made, folder_, {});
    return report;
  }

  // The rows that were computed, in the order of `rows`.
  RowFile& output() const { return *output_; }

 private:
  const JobOptions& options_;
  const FinishedOutput& finished_;
  const std::vector<uint64_t>& rows_;
  std::string folder_;
  std::unique_ptr<RowFile> output_;
};

}  // namespace

VerifyReport VerifyOutput(const JobOptions& options, const JobModel& model, Task& task,
                          const JobContext& context, uint64_t sample, uint64_t seed) {
  FileSystem& file_system = *context.file_system;
  const ScratchFolder scratch;
  const FinishedOutput finished(options, file_system, scratch.path());
  VerifyReport report;
  report.rows = finished.rows().num_rows();
  std::set<uint64_t> chosen;
  std::mt19937_64 random(seed);
  const uint64_t count = std::min(sample, report.rows);
  // Floyd's sampling without replacement (Comm. ACM 30, 1987).
  for (uint64_t i = report.rows - count; i < report.rows; ++i) {
    const uint64_t row = random() % (i + 1);
    if (!chosen.insert(row).second) chosen.insert(i);
  }
  const std::vector<uint64_t> rows(chosen.begin(), chosen.end());
  if (rows.empty()) return report;
  JobOptions fresh = options;
  fresh.store.clear();  // what was stored proves nothing
  SomeRows some(fresh, finished, rows, scratch.path());
  some.Run(model, task, context);
  RowFile& output = some.output();
  std::string was;
  std::string is;
  for (size_t i = 0; i < rows.size(); ++i) {
    finished.rows().ReadRow(rows[i], was);
    if (i < output.num_rows()) output.ReadRow(i, is);
    ++report.verified;
    if (i < output.num_rows() && was == is) continue;
    ++report.num_differing;
    if (report.differing.size() < kShownRows) report.differing.push_back(rows[i]);
  }
  return report;
}

RunReport RerunFailed(const JobOptions& options, const JobModel& model, Task& task,
                      const JobContext& context) {
  FileSystem& file_system = *context.file_system;
  const ScratchFolder scratch;
  const FinishedOutput finished(options, file_system, scratch.path());
  if (finished.format() == Format::kText) {
    throw UsageError("--only failed: text output has no column 'status' that says what failed");
  }
  RunReport report;
  report.output = options.output;
  if (finished.failed().empty()) {
    report.finished_before = true;
    return report;
  }
  SomeRows some(options, finished, finished.failed(), scratch.path());
  report = some.Run(model, task, context);
  if (some.output().num_rows() != finished.failed().size()) {
    throw InternalError("the rows that were run again are not all there");
  }
  OutputPart part(file_system, options.output);
  const std::unique_ptr<RowFileWriter> writer = finished.rows().MakeWriter(part.sink());
  uint64_t kept = 0;  // rows before this one are written
  for (size_t i = 0; i < finished.failed().size(); ++i) {
    const uint64_t row = finished.failed()[i];
    writer->Copy(finished.rows(), {kept, row});
    writer->Copy(some.output(), {i, i + 1});
    kept = row + 1;
  }
  writer->Copy(finished.rows(), {kept, finished.rows().num_rows()});
  writer->Finish();
  const uint64_t output_bytes = part.Commit();

  // The counts of all rows: what failed before is now what came of it.
  Json run = finished.run();
  for (size_t i = 0; i < report.rows_by_status.size(); ++i) {
    const std::string status(RowStatusName(static_cast<RowStatus>(i)));
    const bool had_failed = status == "invalid" || status == "error" || status == "skipped";
    uint64_t rows = report.rows_by_status[i];
    if (!had_failed && run["rows"][status].is_number_unsigned()) {
      rows += run["rows"][status].get<uint64_t>();
    }
    run["rows"][status] = rows;
  }
  run["job"]["output_bytes"] = output_bytes;
  const Json now = Json::parse(report.ToJson());
  // Rows under two sets of options are no longer the output of one job.
  if (!run.contains("options") || run["options"] != now["options"]) run["job"].erase("fingerprint");
  run["only_failed"] = {{"rows", finished.failed().size()}, {"options", now["options"]}};
  for (const char* stale : {"first_failure", "errors", "gold", "charts"}) run.erase(stale);
  if (now.contains("first_failure")) run["only_failed"]["first_failure"] = now["first_failure"];
  WriteWhole(file_system, options.output + ".run.json", run.dump(2) + "\n");
  report.output = options.output;
  return report;
}

}  // namespace rowmill
