// The commands of `rowmill`, each a CLI11 subcommand with its flags and what it runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/error.h"
#include "cli/caller.h"

namespace rowmill {

// What a parsed command does. Set by the subcommand's callback and run after parsing, so that
// errors of the run are not taken for errors of the arguments.
using Action = std::function<ExitCode(Caller&)>;

void AddSentimentCommand(CLI::App& parent, Action& action);
void AddClassifyCommand(CLI::App& parent, Action& action);
void AddGenerateCommand(CLI::App& parent, Action& action);
void AddEmbedCommand(CLI::App& parent, Action& action);
void AddTranslateCommand(CLI::App& parent, Action& action);
void AddSimilarCommand(CLI::App& parent, Action& action);
void AddAnswerCommand(CLI::App& parent, Action& action);
void AddRecognizeCommand(CLI::App& parent, Action& action);
void AddTranscribeCommand(CLI::App& parent, Action& action);
void AddRecommendCommand(CLI::App& parent, Action& action);
// `rowmill plan TASK ...`: the same flags; a pilot is run and nothing is written.
void AddPlanCommand(CLI::App& parent, Action& action);
// `rowmill verify TASK ...`: the same flags and --sample; nothing is written.
void AddVerifyCommand(CLI::App& parent, Action& action);
// `rowmill merge`: outputs of shards into one.
void AddMergeCommand(CLI::App& parent, Action& action);

// `rowmill batch`: an OpenAI batch file.
void AddBatchCommand(CLI::App& parent, Action& action);

// `rowmill report`: the page of a run, or runs side by side.
void AddReportCommand(CLI::App& parent, Action& action);

void AddBenchCommand(CLI::App& parent, Action& action);

void AddInspectCommand(CLI::App& parent, Action& action);
void AddTokenizeCommand(CLI::App& parent, Action& action);
void AddDoctorCommand(CLI::App& parent, Action& action);
void AddModelsCommand(CLI::App& parent, Action& action);

}  // namespace rowmill
