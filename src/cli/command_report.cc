// report, and the page of --report.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/standard_streams.h"
#include "cli/write_report.h"
#include "report/html_report.h"

namespace rowmill {
namespace {

void WritePages(const std::string& path, const Json& run, std::span<const ReportedRow> rows) {
  WriteTextFile(path, HtmlReport(run, rows), "--report");
  WriteTextFile(path + ".vl.json", VegaLite(run), "--report");
}

constexpr const char* kReportExamples = R"(
Examples:
  rowmill report out.jsonl.run.json -o report.html
  rowmill report before.run.json after.run.json
  rowmill report a.run.json b.run.json c.run.json -o comparison.html)";

}  // namespace

void WriteReport(const std::string& path, const std::string& run_json,
                 std::span<const ReportedRow> rows) {
  WritePages(path, ParseRunJson(run_json, path), rows);
}

void AddReportCommand(CLI::App& parent, Action& action) {
  CLI::App* app =
      parent.add_subcommand("report", "the page of a run, or several runs side by side");
  app->footer(kReportExamples);
  auto paths = std::make_shared<std::vector<std::string>>();
  auto output = std::make_shared<std::string>();
  app->add_option("RUNS", *paths, "reports of runs, as OUTPUT.run.json")->required()->type_name("");
  AddFlag(*app, "-o,--output", *output,
          "page to write; without it several runs are compared on standard output")
      ->type_name("FILE.html");
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      std::vector<Json> runs;
      for (const std::string& path : *paths) {
        runs.push_back(ParseRunJson(ReadTextFile(path, "report"), path));
      }
      if (runs.size() == 1) {
        if (output->empty()) throw UsageError("report of one run needs -o FILE.html");
        WritePages(*output, runs.front(), {});
      } else if (output->empty()) {
        caller.Print(TextComparison(runs, *paths));
      } else {
        WriteTextFile(*output, HtmlComparison(runs, *paths), "-o");
      }
      return ExitCode::kOk;
    };
  });
}

}  // namespace rowmill
