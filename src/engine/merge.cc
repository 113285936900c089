#include "engine/merge.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/error.h"
#include "base/whole_file.h"
#include "data/byte_sink.h"
#include "data/input_stream.h"
#include "data/source.h"
#include "engine/output_part.h"
#include "engine/record_spans.h"
#include "engine/row_file.h"
#include "engine/run_sum.h"
#include "report/run_json.h"

namespace rowmill {
namespace {

struct Part {
  std::string path;
  Json run;
  uint64_t index = 0;
  uint64_t count = 0;
};

Part ReadPart(FileSystem& file_system, const std::string& path) {
  const std::string report = path + ".run.json";
  if (!file_system.Exists(path)) throw UsageError("merge: there is no file '" + path + "'");
  if (!file_system.Exists(report)) {
    throw UsageError("merge: '" + path + "' has no '" + report +
                     "' beside it, by which its shard is known; is the job finished?");
  }
  Part part;
  part.path = path;
  part.run = Json::parse(ReadWhole(*file_system.Open(report, OpenMode::kRead)), nullptr,
                         /*allow_exceptions=*/false);
  const std::string shard = part.run.is_object() ? TextAt(part.run, "execution.shard") : "";
  const size_t slash = shard.find('/');
  const char* end = shard.data() + shard.size();
  if (slash == std::string::npos ||
      std::from_chars(shard.data(), shard.data() + slash, part.index).ec != std::errc() ||
      std::from_chars(shard.data() + slash + 1, end, part.count).ec != std::errc() ||
      TextAt(part.run, "job.undivided").empty()) {
    throw DataError("merge: '" + report + "' is no report of a shard");
  }
  if (file_system.Info(path).size != CountAt(part.run, "job.output_bytes")) {
    throw UsageError("merge: '" + path +
                     "' has been changed since its job wrote it; run that "
                     "shard again with --overwrite");
  }
  return part;
}

void CheckTogether(const std::vector<Part>& parts) {
  const uint64_t count = parts.front().count;
  std::string missing;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (part.count != count ||
        TextAt(part.run, "job.undivided") != TextAt(parts[0].run, "job.undivided")) {
      throw UsageError("merge: '" + part.path + "' and '" + parts[0].path +
                       "' are no shards of one job: model, prompt, options, input or number of "
                       "shards differ (rowmill report A.run.json B.run.json shows how)");
    }
    if (i > 0 && part.index == parts[i - 1].index) {
      throw UsageError("merge: '" + parts[i - 1].path + "' and '" + part.path +
                       "' are both shard " + std::to_string(part.index) + "/" +
                       std::to_string(count));
    }
  }
  size_t next = 0;
  for (uint64_t index = 0; index < count; ++index) {
    if (next < parts.size() && parts[next].index == index) {
      ++next;
    } else if (missing.size() < 200) {
      missing +=
          (missing.empty() ? "" : ", ") + std::to_string(index) + "/" + std::to_string(count);
    }
  }
  if (!missing.empty()) throw UsageError("merge: these shards are missing: " + missing);
}

// The bytes of a CSV's header, so that it is written once.
uint64_t HeaderBytes(FileSystem& file_system, const std::string& path, Format format) {
  if (format != Format::kCsv && format != Format::kTsv) return 0;
  SourceOptions options;
  options.input.path = path;
  options.format = format;
  const std::unique_ptr<Source> source = OpenSource(file_system, options);
  Record record;
  return source->Next(record) ? record.offset : RecordSpans::kEnd;
}

// Measures of time belong to the shards, whose reports stay.
std::string MergedReport(const std::vector<Part>& parts, const std::string& output,
                         uint64_t output_bytes) {
  std::vector<Json> runs;
  Json shards = Json::array();
  for (const Part& part : parts) {
    runs.push_back(part.run);
    shards.push_back(part.path);
  }
  Json json = SumOfCounts(runs);
  json["output"] = output;
  json["job"] = {{"undivided", TextAt(runs.front(), "job.undivided")},
                 {"output_bytes", output_bytes}};
  json["shards"] = std::move(shards);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void JoinOutputs(FileSystem& file_system, const std::vector<Part>& parts, Format format,
                 ByteSink& bytes) {
  if (format == Format::kParquet) {
    std::vector<std::string> paths;
    for (const Part& part : parts) paths.push_back(part.path);
    JoinParquet(file_system, paths, bytes);
    return;
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    // A shard without rows has a header all the same.
    const uint64_t begin = i == 0 ? 0 : HeaderBytes(file_system, parts[i].path, format);
    InputOptions input;
    input.path = parts[i].path;
    const std::unique_ptr<InputStream> stream = InputStream::Open(file_system, input);
    CopyBytes(*stream, begin, RecordSpans::kEnd, &bytes);
  }
}

}  // namespace

MergeReport MergeShards(FileSystem& file_system, const MergeOptions& options) {
  if (options.shards.empty()) throw UsageError("merge needs the outputs of the shards");
  if (file_system.Exists(options.output) && !options.overwrite) {
    throw UsageError("'" + options.output + "' exists; give --overwrite to replace it");
  }
  std::vector<Part> parts;
  for (const std::string& path : options.shards) {
    if (path == options.output)
      throw UsageError("merge: '" + path + "' is a shard, and the output");
    parts.push_back(ReadPart(file_system, path));
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return a.index != b.index ? a.index < b.index : a.path < b.path;
  });
  CheckTogether(parts);
  const Format format = RequireFormat(parts.front().path);
  const Format output_format = FormatFromPath(options.output).value_or(format);
  if (format != output_format) {
    throw UsageError("merge: the shards are " + std::string(FormatName(format)) +
                     ", the output's name says " + std::string(FormatName(output_format)));
  }
  OutputPart output(file_system, options.output);
  JoinOutputs(file_system, parts, format, output.sink());
  const uint64_t output_bytes = output.Commit();
  WriteWhole(file_system, options.output + ".run.json",
             MergedReport(parts, options.output, output_bytes));
  MergeReport report;
  for (const Part& part : parts) {
    report.rows += CountAt(part.run, "rows.total");
    for (const char* status : {"invalid", "error", "skipped"}) {
      report.failed_rows += CountAt(part.run, std::string("rows.") + status);
    }
  }
  return report;
}

}  // namespace rowmill
