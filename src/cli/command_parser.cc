#include "cli/command_parser.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/suggestion.h"

namespace rowmill {
namespace {

constexpr const char* kExamples = R"(
Examples:
  rowmill sentiment reviews.csv --text review -o out.jsonl
  rowmill classify tickets.jsonl --text body --labels billing,bug,other --gold queue -o out.csv
  rowmill generate rows.csv --prompt 'Summarise in one line: {{body}}' --max-tokens 40 -o out.csv
  rowmill embed docs.jsonl --text body -o vectors.jsonl
  rowmill similar questions.jsonl answers.jsonl --text body -k 5 -o pairs.jsonl
  rowmill translate lines.txt --from en --to pt -o lines.pt.txt
  rowmill transcribe 'calls/*.wav' -o calls.jsonl
  rowmill recommend ratings.csv --user user --item film -k 10 -o recommendations.jsonl
  rowmill plan sentiment reviews.csv --text review
  zcat big.jsonl.gz | rowmill sentiment - --format jsonl > out.jsonl

Every option is an environment variable as well: --batch-tokens is ROWMILL_BATCH_TOKENS. What stands on
the command line wins. `rowmill COMMAND -h` lists the options of a command, `--help` adds examples.

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

// Names and values only: what kind of value it is stands in the text, and the environment variable
// follows from the name.
class HelpFormatter final : public CLI::Formatter {
 public:
  // One empty line between groups, where CLI11 leaves two.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (size_t at = 0; (at = text.find("\n\n\n", at)) != std::string::npos;) text.erase(at, 1);
    return text;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const bool has_value = option->get_type_size() != 0 && !option->get_type_name().empty();
    return has_value ? " " + option->get_type_name() : "";
  }
};

void RemoveFooters(CLI::App& app) {
  app.footer("");
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    RemoveFooters(*command);
  }
}

// "rowmill plan sentiment".
std::string NameWithParents(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : NameWithParents(*parent) + " " + app.get_name();
}

// CLI11's words for a missing or spoiled value, in ours.
std::string ExplainInOurWords(const CLI::ParseError& error) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const size_t colon = text.find(": ");
    if (colon != std::string::npos && text.ends_with(" missing")) {
      return text.substr(0, colon) + " needs a value";
    }
    if (colon != std::string::npos && text.find("At Most 1") != std::string::npos) {
      return text.substr(0, colon) + " is given more than once";
    }
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return text == "A subcommand is required" ? "a command is missing"
                                              : text.substr(0, text.find(' ')) + " is missing";
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    // "--limit: takes a whole number": the colon makes two sentences of one.
    const size_t colon = text.find(": takes");
    if (colon != std::string::npos) return text.substr(0, colon) + text.substr(colon + 1);
  }
  return text;
}

}  // namespace

CommandParser::CommandParser()
    : app_(
          "Rowmill runs a language model over every row of a data set, on CPUs: fast, exactly "
          "once, with the\nsame answer every time.",
          "rowmill") {
  app_.set_version_flag("--version", ROWMILL_VERSION);
  app_.require_subcommand(1);
  app_.set_help_flag("-h,--help", "this text; --help has examples as well");
  const auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(30);
  formatter->label("SUBCOMMAND", "COMMAND");
  formatter->label("Positionals", "Arguments");
  app_.formatter(formatter);
  app_.footer(kExamples);
  AddSentimentCommand(app_, action_);
  AddClassifyCommand(app_, action_);
  AddGenerateCommand(app_, action_);
  AddEmbedCommand(app_, action_);
  AddSimilarCommand(app_, action_);
  AddAnswerCommand(app_, action_);
  AddTranslateCommand(app_, action_);
  AddRecognizeCommand(app_, action_);
  AddTranscribeCommand(app_, action_);
  AddRecommendCommand(app_, action_);
  AddPlanCommand(app_, action_);
  AddVerifyCommand(app_, action_);
  AddMergeCommand(app_, action_);
  AddBatchCommand(app_, action_);
  AddReportCommand(app_, action_);
  AddBenchCommand(app_, action_);
  AddInspectCommand(app_, action_);
  AddTokenizeCommand(app_, action_);
  AddDoctorCommand(app_, action_);
  AddModelsCommand(app_, action_);
  for (CLI::App* command : app_.get_subcommands([](CLI::App*) { return true; })) {
    command->group("Commands");
  }
}

void CommandParser::RemoveExamples() { RemoveFooters(app_); }

std::string CommandParser::Explain(const CLI::ParseError& error) const {
  const CLI::App& command = DeepestParsed(app_);
  const std::vector<std::string> extras = command.remaining(true);
  if (extras.empty()) return ExplainInOurWords(error);
  const std::string word = extras.front().substr(0, extras.front().find('='));
  const bool is_flag = word.rfind('-', 0) == 0;
  return (is_flag ? "unknown option " : "unknown command or argument ") + word +
         DidYouMean(word, KnownWords(command));
}

std::string CommandParser::ParsedCommand() const { return NameWithParents(DeepestParsed(app_)); }

}  // namespace rowmill
