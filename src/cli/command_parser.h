// All commands of `rowmill` with their options, and what a line of words means to them. A parser
// keeps what it has parsed: each command that is run takes a new one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/commands.h"

namespace rowmill {

class CommandParser {
 public:
  CommandParser();
  CommandParser(const CommandParser&) = delete;
  CommandParser& operator=(const CommandParser&) = delete;

  // Its parse() throws CLI::ParseError.
  CLI::App& app() { return app_; }
  // What was asked for; empty before app().parse() has succeeded.
  const Action& action() const { return action_; }

  // `-h` is short: without the examples that stand behind the options.
  void RemoveExamples();
  // What is wrong, in our words, with "did you mean". For errors, not for help and version.
  std::string Explain(const CLI::ParseError& error) const;
  // The command that was recognised: "rowmill plan sentiment".
  std::string ParsedCommand() const;

 private:
  CLI::App app_;
  Action action_;
};

}  // namespace rowmill
