#include "cli/command_line.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

constexpr const char* kExamples = R"(
Examples:
  rowmill sentiment reviews.csv --text review -o out.jsonl
  rowmill classify tickets.jsonl --text body --labels billing,bug,other --gold queue -o out.csv
  rowmill generate rows.csv --prompt 'Summarise in one line: {{body}}' --max-tokens 40 -o out.csv
  rowmill plan sentiment reviews.csv --text review
  zcat big.jsonl.gz | rowmill sentiment - --format jsonl > out.jsonl

Exit codes: 0 every row has its status, 1 usage, 2 data, 3 model, 4 input/output, 5 more failed rows than
--max-errors, 6 something is missing or refused, 70 internal error, 75 stopped and resumable.
)";

// Names of what may stand at a place, for "did you mean".
std::vector<std::string> KnownWords(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

const CLI::App& DeepestParsed(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

int ReportParseError(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // Help and version.
  const CLI::App& command = DeepestParsed(app);
  std::string message = error.what();
  const std::vector<std::string> extras = command.remaining(true);
  if (!extras.empty()) {
    const std::string word = extras.front().substr(0, extras.front().find('='));
    const bool is_flag = word.rfind('-', 0) == 0;
    message = (is_flag ? "unknown option " : "unknown command or argument ") + word +
              DidYouMean(word, KnownWords(command));
  }
  fmt::print(stderr, "rowmill: {}\nsee: {} --help\n", message,
             command.get_name() == "rowmill" ? "rowmill" : "rowmill " + command.get_name());
  return static_cast<int>(ExitCode::kUsage);
}

// `-h` is short, `--help` adds examples.
bool WantsLongHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) return true;
  }
  return argc <= 1;
}

// Core dumps would hold the rows' texts.
void DisableCoreDumps() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  DisableCoreDumps();
  CLI::App app(
      "Rowmill runs a language model over every row of a data set, on CPUs: fast, exactly once, "
      "with the\nsame answer every time.",
      "rowmill");
  app.set_version_flag("--version", ROWMILL_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  if (WantsLongHelp(argc, argv)) app.footer(kExamples);
  Action action;
  AddSentimentCommand(app, action);
  AddClassifyCommand(app, action);
  AddGenerateCommand(app, action);
  AddPlanCommand(app, action);
  AddInspectCommand(app, action);
  AddTokenizeCommand(app, action);
  AddDoctorCommand(app, action);
  AddModelsCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ReportParseError(app, error);
  }
  try {
    return static_cast<int>(action());
  } catch (const Error& error) {
    fmt::print(stderr, "rowmill: {}\n", error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "rowmill: out of memory; use fewer --units or a smaller --batch-tokens\n");
    return static_cast<int>(ExitCode::kResource);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rowmill: internal error: {}\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
}

}  // namespace rowmill
