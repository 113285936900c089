// The way from a command's flags to a finished job: loads the model, makes the task, plans or runs.
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "cli/caller.h"
#include "cli/job_flags.h"
#include "tasks/task.h"

namespace rowmill {

enum class Purpose : uint8_t { kRun, kPlan, kVerify };
using MakeTask = std::function<std::unique_ptr<Task>(const TaskModel&, const PromptOptions&)>;
// Sees each row as it is written.
using RowObserver = std::function<void(const RowAnswer&, const OutputRow&)>;

ExitCode RunTask(Caller& caller, const JobFlags& flags, Purpose purpose, const MakeTask& make_task,
                 const RowObserver& on_row = {});

// `rowmill answer`, `rowmill plan answer` and `rowmill verify answer`.
void AddAnswer(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose);

}  // namespace rowmill
