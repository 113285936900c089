// The way from a command's flags to a finished job: loads the model, makes the task, plans or runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/caller.h"
#include "cli/job_flags.h"
#include "tasks/task.h"
#include "tasks/text_collection.h"

namespace rowmill {

enum class Purpose : uint8_t { kRun, kPlan, kVerify };
using MakeTask = std::function<std::unique_ptr<Task>(const TaskModel&, const PromptOptions&)>;
// Sees each row as it is written.
using RowObserver = std::function<void(const RowAnswer&, const OutputRow&)>;

// Loads the model that `reference` names as the flags say: numerics, kernels, fetched where it is
// missing and may be.
std::shared_ptr<const LoadedModel> LoadModelFor(Caller& caller, const JobFlags& flags,
                                                const std::string& reference,
                                                FileSystem& file_system);

// The recipe's name and version: part of every job's fingerprint, so it changes whenever bits
// would.
std::string NumericsName(Numerics numerics);

// One line about a file whose texts a task holds.
std::string CollectionText(const char* name, const TextCollection& texts, const std::string& path);

ExitCode RunTask(Caller& caller, const JobFlags& flags, Purpose purpose, const MakeTask& make_task,
                 const RowObserver& on_row = {});

// `rowmill answer`, `rowmill plan answer` and `rowmill verify answer`.
void AddAnswer(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose);
// The same of `recognize`.
void AddRecognize(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose);
// The same for `transcribe`.
void AddTranscribe(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose);
// `rowmill recommend` and `rowmill plan recommend`.
void AddRecommend(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose);

}  // namespace rowmill
