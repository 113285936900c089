// merge: outputs of shards into one.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/job_flags.h"
#include "engine/merge.h"

namespace rowmill {
namespace {

constexpr const char* kMergeExamples = R"(
Examples:
  rowmill merge out-0-of-2.jsonl out-1-of-2.jsonl -o out.jsonl
  rowmill merge out-*.csv -o out.csv --overwrite)";

}  // namespace

void AddMergeCommand(CLI::App& parent, Action& action) {
  CLI::App* app = parent.add_subcommand("merge", "joins the outputs of all shards of a job");
  app->footer(kMergeExamples);
  auto options = std::make_shared<MergeOptions>();
  app->add_option("SHARDS", options->shards, "outputs of the shards, in any order")
      ->required()
      ->type_name("");
  AddFlag(*app, "-o,--output", options->output, "output file")->required()->type_name("FILE");
  AddFlag(*app, "--overwrite", options->overwrite, "replace a finished output");
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
      const MergeReport report = MergeShards(*file_system, *options);
      caller.Tell(fmt::format(
          "rows          {} ({} invalid, failed or skipped)\nshards        {}\noutput        {}\n",
          report.rows, report.failed_rows, options->shards.size(), options->output));
      return ExitCode::kOk;
    };
  });
}

}  // namespace rowmill
