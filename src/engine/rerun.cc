#include "engine/rerun.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "base/error.h"
#include "base/whole_file.h"
#include "engine/job_run.h"
#include "engine/output_part.h"
#include "engine/record_spans.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kShownRows = 20;

std::string Suffix(Format format) {
  return format == Format::kText ? ".txt" : "." + std::string(FormatName(format));
}

std::unique_ptr<InputStream> OpenStream(FileSystem& file_system, const std::string& path) {
  InputOptions input;
  input.path = path;
  return InputStream::Open(file_system, input);
}

bool IsFileList(const JobOptions& options) { return !options.source.input.files.patterns.empty(); }

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
    const std::string& input = options.source.input.path;
    if (!options.source.paths.empty()) {
      throw UsageError("this works on the output of one data file, and the input is several");
    }
    if (!IsFileList(options) &&
        (input == "-" || file_system.Info(input).kind != FileInfo::Kind::kRegular)) {
      throw UsageError("rows of standard input or a pipe are gone: give the data set as a file");
    }
    if (options.shard.count > 1) {
      throw UsageError("--shard: this works on whole outputs; merge the shards first");
    }
    run_ = Json::parse(ReadWhole(*file_system.Open(report, OpenMode::kRead)), nullptr,
                       /*allow_exceptions=*/false);
    if (!run_.is_object()) throw DataError("'" + report + "' is no report of a run");
    source_.input.path = path_;
    source_.format = options.output_format ? *options.output_format : RequireFormat(path_);
    if (IsParquet(source_)) {
      throw UsageError("'" + path_ +
                       "': rows of a Parquet file cannot be taken out and put back; for this, "
                       "write the output as .jsonl or .csv");
    }
    const bool renamed = run_.contains("renamed_columns");
    if (renamed && run_["renamed_columns"].contains("status") &&
        run_["renamed_columns"]["status"].is_string()) {
      status_column_ = run_["renamed_columns"]["status"].get<std::string>();
    }
    // Which names clash is seen in all rows of a JSONL file together, not in some of them.
    if (renamed && *source_.format == Format::kJsonl) {
      throw UsageError(
          "the input has columns with the names of ours, so that some rows of it alone "
          "would get other names");
    }
    spans_ = std::make_unique<RecordSpans>(file_system, source_, folder,
                                           [this](const Record& record) { Look(record); });
  }

  const std::string& path() const { return path_; }
  Format format() const { return *source_.format; }
  const RecordSpans& spans() const { return *spans_; }
  const std::vector<uint64_t>& failed() const { return failed_; }
  const Json& run() const { return run_; }

 private:
  void Look(const Record& record) {
    const std::string status = record.Field(status_column_).value_or(FieldValue{}).text;
    if (status == "invalid" || status == "error" || status == "skipped") {
      failed_.push_back(record.index);
    }
  }

  std::string path_;
  Json run_;
  SourceOptions source_;
  std::string status_column_ = "status";
  std::vector<uint64_t> failed_;
  std::unique_ptr<RecordSpans> spans_;
};

// The job over `rows` (ascending) of its input, in files of `folder`.
RunReport RunRows(const JobOptions& options, const JobModel& model, Task& task,
                  const JobContext& context, const std::vector<uint64_t>& rows,
                  const std::string& folder, Format format, std::string& output) {
  FileSystem& file_system = *context.file_system;
  JobOptions some = options;
  const SourceOptions source = AsText(file_system, options.source);
  const Format input_format = *source.format;
  some.source.format = input_format;
  some.source.input.files = {};
  some.source.input.path = folder + "/rows" + Suffix(input_format);
  some.output = output = folder + "/output" + Suffix(format);
  some.output_format = format;
  some.limit.reset();
  some.id_column.reset();
  const RecordSpans spans(file_system, source, folder, {});
  const std::unique_ptr<InputStream> stream = InputStream::Open(file_system, source.input);
  const std::unique_ptr<File> file = file_system.Open(some.source.input.path, OpenMode::kTruncate);
  FileByteSink sink(*file);
  if (spans.num_rows() > 0) CopyBytes(*stream, 0, spans.HeaderEnd(), &sink);
  for (const uint64_t row : rows) {
    if (row >= spans.num_rows()) {
      throw UsageError("the input has " + std::to_string(spans.num_rows()) +
                       " rows, the output more: they do not belong together");
    }
    const bool ends_line = CopyBytes(*stream, spans.Begin(row), spans.End(row), &sink);
    const std::string line_end = "\n";
    if (!ends_line && row != rows.back()) sink.Write(std::as_bytes(std::span(line_end)));
  }
  file->Close();
  return RunJob(some, model, task, context);
}

}  // namespace

VerifyReport VerifyOutput(const JobOptions& options, const JobModel& model, Task& task,
                          const JobContext& context, uint64_t sample, uint64_t seed) {
  FileSystem& file_system = *context.file_system;
  const ScratchFolder scratch;
  const FinishedOutput finished(options, file_system, scratch.path());
  VerifyReport report;
  report.rows = finished.spans().num_rows();
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
  std::string output;
  JobOptions fresh = options;
  fresh.store.clear();  // what was stored proves nothing
  RunRows(fresh, model, task, context, rows, scratch.path(), finished.format(), output);
  SourceOptions again;
  again.input.path = output;
  again.format = finished.format();
  const RecordSpans spans(file_system, again, scratch.path(), {});
  const std::unique_ptr<InputStream> old_stream = OpenStream(file_system, finished.path());
  const std::unique_ptr<InputStream> new_stream = OpenStream(file_system, output);
  std::string was;
  std::string is;
  for (size_t i = 0; i < rows.size(); ++i) {
    ReadRow(*old_stream, finished.spans().Begin(rows[i]), finished.spans().End(rows[i]), was);
    if (i < spans.num_rows()) ReadRow(*new_stream, spans.Begin(i), spans.End(i), is);
    ++report.verified;
    if (i < spans.num_rows() && was == is) continue;
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
  std::string output;
  report = RunRows(options, model, task, context, finished.failed(), scratch.path(),
                   finished.format(), output);
  SourceOptions again;
  again.input.path = output;
  again.format = finished.format();
  const RecordSpans spans(file_system, again, scratch.path(), {});
  if (spans.num_rows() != finished.failed().size()) {
    throw InternalError("the rows that were run again are not all there");
  }
  OutputPart part(file_system, options.output);
  ByteSink& sink = part.sink();
  const std::unique_ptr<InputStream> old_stream = OpenStream(file_system, options.output);
  const std::unique_ptr<InputStream> new_stream = OpenStream(file_system, output);
  uint64_t kept = 0;  // rows before this one are written
  CopyBytes(*old_stream, 0, finished.spans().HeaderEnd(), &sink);
  for (size_t i = 0; i < finished.failed().size(); ++i) {
    const uint64_t row = finished.failed()[i];
    CopyBytes(*old_stream, finished.spans().Begin(kept), finished.spans().Begin(row), &sink);
    CopyBytes(*new_stream, spans.Begin(i), spans.End(i), &sink);
    CopyBytes(*old_stream, finished.spans().Begin(row), finished.spans().End(row), nullptr);
    kept = row + 1;
  }
  if (kept < finished.spans().num_rows()) {
    CopyBytes(*old_stream, finished.spans().Begin(kept), RecordSpans::kEnd, &sink);
  }
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
