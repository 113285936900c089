#include "cli/run_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "cli/column_check.h"
#include "cli/model_pull.h"
#include "cli/output_folder.h"
#include "cli/progress.h"
#include "cli/row_selection.h"
#include "cli/summary.h"
#include "cli/write_report.h"
#include "engine/rerun.h"
#include "kernels/dispatch.h"
#include "tasks/loaded_model.h"
#include "tasks/model_kind.h"

namespace rowmill {
namespace {

LoadOptions ToLoadOptions(const JobFlags& flags, const kernels::KernelTable& kernels) {
  LoadOptions options;
  options.kernels = &kernels;
  options.numerics = Choose<Numerics>("--numerics", flags.numerics,
                                      {{"auto", Numerics::kAuto},
                                       {"f32", Numerics::kF32},
                                       {"int8", Numerics::kInt8},
                                       {"int16", Numerics::kInt16}});
  return options;
}

ModelCaches::Packed ToPackedChoice(const JobFlags& flags) {
  using Packed = ModelCaches::Packed;
  return Choose<Packed>("--packed-cache", flags.packed_cache,
                        {{"auto", Packed::kAuto}, {"on", Packed::kOn}, {"off", Packed::kOff}});
}

// Of a job that had finished before there is no more than what it left.
std::string RunJson(const RunReport& report) {
  return report.finished_before ? ReadTextFile(report.output + ".run.json", "--report")
                                : report.ToJson();
}

// Says which compressed files of a folder are no input, since nobody knows what is in them.
void TellPassedOver(Caller& caller, const DataFiles& files) {
  if (files.passed_over.empty()) return;
  constexpr size_t kShown = 3;
  std::string names;
  for (size_t i = 0; i < std::min(kShown, files.passed_over.size()); ++i) {
    names += (i == 0 ? "'" : ", '") + files.passed_over[i] + "'";
  }
  if (files.passed_over.size() > kShown) {
    names += fmt::format(" and {} more", files.passed_over.size() - kShown);
  }
  caller.Tell(fmt::format(
      "note: passed over {}: the name of a compressed file has to tell its format (.csv.gz, "
      ".jsonl.zst), or --format has to\n",
      names));
}

std::string VerifiedText(const VerifyReport& report, const std::string& output) {
  if (report.num_differing == 0) {
    return fmt::format("{} of {} rows of {} were computed once more: all have the same bytes\n",
                       report.verified, report.rows, output);
  }
  std::string rows;
  for (const uint64_t row : report.differing) {
    rows += (rows.empty() ? "" : ", ") + std::to_string(row);
  }
  return fmt::format("{} of {} rows that were computed once more have other bytes: {}{}\n",
                     report.num_differing, report.verified, rows,
                     report.num_differing > report.differing.size() ? ", ..." : "");
}

// The jobs of a command: one, or one for each file where the output is a folder.
std::vector<JobOptions> JobsOf(Caller& caller, FileSystem& file_system, const JobFlags& flags,
                               JobOptions options) {
  const DataFiles files =
      ListDataFiles(file_system, {flags.inputs, options.output, !flags.format.empty()});
  TellPassedOver(caller, files);
  const bool is_one = flags.inputs.empty() || IsOneFile(file_system, flags.inputs);
  if (IsFolderOutput(options.output)) {
    const std::vector<std::string> one = {options.source.input.path};
    return JobsIntoFolder(file_system, options, is_one ? one : files.paths);
  }
  if (!is_one) options.source.paths = files.paths;
  return {options};
}

// What all ways to treat a command's jobs need.
struct CommandJobs {
  Caller& caller;
  const JobFlags& flags;
  std::string output;  // as it was asked for
  std::vector<JobOptions> jobs;
  const JobModel& model;
  Task& task;
  const JobContext& context;
};

ExitCode PlanJobs(const CommandJobs& work) {
  for (const JobOptions& job : work.jobs) {
    const JobPlan plan = PlanJob(job, work.model, work.task, work.context);
    work.caller.EndProgress();
    if (IsFolderOutput(work.output)) {
      work.caller.Print(fmt::format("file              {}\n", job.source.input.path));
    }
    work.caller.Print(PlanText(plan, job, work.model));
  }
  return ExitCode::kOk;
}

ExitCode VerifyJobs(const CommandJobs& work) {
  ExitCode code = ExitCode::kOk;
  for (const JobOptions& job : work.jobs) {
    const VerifyReport verified =
        VerifyOutput(job, work.model, work.task, work.context, work.flags.sample, work.flags.seed);
    work.caller.EndProgress();
    if (IsFolderOutput(work.output)) work.caller.Print(job.output + ": ");
    work.caller.Print(VerifiedText(verified, job.output));
    if (verified.num_differing > 0) code = ExitCode::kData;
  }
  return code;
}

RunReport RunOne(const CommandJobs& work, const JobOptions& job) {
  RunReport report = work.flags.only.empty()
                         ? RunJob(job, work.model, work.task, work.context)
                         : RerunFailed(job, work.model, work.task, work.context);
  work.caller.EndProgress();
  return report;
}

// What became of all jobs together.
struct Outcome {
  ExitCode code = ExitCode::kOk;
  std::string error;
  std::string run_json;
};

Outcome RunJobs(const CommandJobs& work) {
  if (!IsFolderOutput(work.output)) {
    const RunReport report = RunOne(work, work.jobs.front());
    work.caller.Tell(SummaryText(report));
    return {report.exit_code, report.error, RunJson(report)};
  }
  work.context.file_system->CreateFolder(work.output);
  FolderRun folder(*work.context.file_system, work.output, work.flags.input);
  for (JobOptions job : work.jobs) {
    job.max_errors = folder.Left(job.max_errors);
    if (!folder.Add(work.caller, job, RunOne(work, job))) break;
  }
  std::string run_json = folder.Finish();
  work.caller.Tell(folder.Summary());
  return {folder.exit_code(), folder.error(), std::move(run_json)};
}

}  // namespace

std::shared_ptr<const LoadedModel> LoadModelFor(Caller& caller, const JobFlags& flags,
                                                const std::string& reference,
                                                FileSystem& file_system) {
  PullIfMissing(caller, reference, flags.offline ? Network::kForbidden : NetworkFromEnvironment(),
                file_system);
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), flags.isa);
  return caller.Load({reference, ToLoadOptions(flags, kernels), ToPackedChoice(flags)},
                     file_system);
}

std::string NumericsName(Numerics numerics) {
  switch (numerics) {
    case Numerics::kF32:
      return "f32/2";
    case Numerics::kInt8:
      return "int8/2";
    case Numerics::kInt16:
      return "block16-f32/1";
    case Numerics::kAuto:
      break;
  }
  return "block8-f32/1";
}

std::string CollectionText(const char* name, const TextCollection& texts, const std::string& path) {
  const auto count = [](size_t number, const char* what) {
    return number == 0 ? std::string() : fmt::format(", {} {}", number, what);
  };
  return fmt::format("{:<13} {} rows of {}{}{}\n", name, texts.size(), path,
                     count(texts.num_skipped(), "without a usable text"),
                     count(texts.num_cut(), "compared by their beginning"));
}

ExitCode RunTask(Caller& caller, const JobFlags& flags, Purpose purpose, const MakeTask& make_task,
                 const RowObserver& on_row) {
  const std::atomic<bool>& stop = caller.StopFlag();
  const CpuTopology topology = DetectCpuTopology();
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), flags.isa);
  JobOptions options = ToJobOptions(flags, topology);
  PromptOptions prompt = ToPromptOptions(flags);
  const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
  caller.BeginProgress(ParseProgressMode(flags.progress));
  JobContext context;
  caller.ConnectRows(options, context);
  std::vector<JobOptions> jobs = JobsOf(caller, *file_system, flags, options);
  for (const JobOptions& job : jobs) {
    CheckOutputFormat(job.output, job.output_format);
    CheckSource(*file_system, job.source);
    CheckNamedColumns(*file_system, flags, job, prompt);
  }
  prompt.redactor = MakeRedactor(
      flags, purpose == Purpose::kPlan ? Redactor::Purpose::kPlan : Redactor::Purpose::kRun);
  for (JobOptions& job : jobs) job.redactor = prompt.redactor;

  const auto load_start = std::chrono::steady_clock::now();
  const std::shared_ptr<const LoadedModel> kept =
      LoadModelFor(caller, flags, flags.model, *file_system);
  const LoadedModel& loaded = *kept;
  if (loaded.tokenizer == nullptr && flags.files.empty()) {
    throw UsageError("this task reads text, and the model '" + loaded.reference +
                     "' reads pictures: give another --model");
  }
  const std::unique_ptr<Task> task = make_task(loaded.ForTasks(), prompt);
  RequireModelKind(task->name(), KindFor(task->decode_spec()), loaded.ForTasks());

  JobModel model;
  model.model = loaded.Any();
  model.kernels = &kernels;
  model.reference = loaded.reference;
  model.sha256 = loaded.sha256;
  model.numerics = NumericsName(loaded.numerics);
  model.load_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - load_start).count();

  RowSelection selection(*task, options.gold_column, prompt.redactor.get());
  context.file_system = file_system.get();
  context.stop = &stop;
  context.on_row = on_row;
  if (!flags.report.empty() || caller.wants_reported_rows()) {
    context.on_row = [&](const RowAnswer& row, const OutputRow& output) {
      if (on_row) on_row(row, output);
      selection.Add(row, output);
    };
  }
  context.on_progress = [&](const JobProgress& at) { caller.ShowProgress(at); };
  context.on_notice = [&](const std::string& line) {
    caller.EndProgress();
    caller.Tell(line + "\n");
  };
  const CommandJobs work = {caller, flags, options.output, std::move(jobs), model, *task, context};
  if (purpose == Purpose::kPlan) return PlanJobs(work);
  try {
    if (purpose == Purpose::kVerify) return VerifyJobs(work);
    const Outcome outcome = RunJobs(work);
    if (!flags.report.empty()) {
      WriteReport(flags.report, outcome.run_json, selection.Rows());
      caller.Tell(fmt::format("report        {}\n", flags.report));
    }
    caller.TakeReport(outcome.run_json, outcome.error, selection.Rows());
    return outcome.code;
  } catch (...) {
    caller.EndProgress();
    throw;
  }
}

}  // namespace rowmill
