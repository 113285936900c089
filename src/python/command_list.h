// The commands and their options as data, read from the parser of the command line: what Python
// makes its methods, their documentation and its type stubs of.
#pragma once

#include <string>
#include <vector>

namespace rowmill {

struct OptionInfo {
  std::string name;  // long where there is one, without dashes; of a place its own name
  std::vector<std::string> names;  // all of them, with dashes
  std::string text;
  std::string type_name;  // what stands for the value in the help, such as FILE; empty of a switch
  std::string group;
  bool is_switch = false;      // takes no value
  bool is_repeated = false;    // may be given several times
  bool is_positional = false;  // told by its place alone
  bool is_required = false;
};

struct CommandInfo {
  std::string name;
  std::string text;
  std::string examples;
  std::vector<OptionInfo> options;
};

// The tasks: those that `plan` knows too.
std::vector<CommandInfo> ListTasks();

}  // namespace rowmill
