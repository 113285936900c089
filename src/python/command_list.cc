#include "python/command_list.h"

#include "cli/command_parser.h"

namespace rowmill {
namespace {

OptionInfo Describe(const CLI::Option& option) {
  OptionInfo info;
  info.is_positional = option.get_positional();
  info.is_switch = option.get_items_expected_max() == 0;
  info.is_repeated = option.get_items_expected_max() > 1;
  info.is_required = option.get_required();
  info.text = option.get_description();
  info.type_name = info.is_switch ? "" : option.get_type_name();
  info.group = option.get_group();
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (info.is_positional) {
    info.name = option.get_single_name();
  } else {
    info.name =
        option.get_lnames().empty() ? option.get_snames().front() : option.get_lnames().front();
  }
  return info;
}

}  // namespace

std::vector<CommandInfo> ListTasks() {
  CommandParser parser;
  std::vector<CommandInfo> tasks;
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* planned : parser.app().get_subcommand("plan")->get_subcommands(all)) {
    const CLI::App* command = parser.app().get_subcommand(planned->get_name());
    CommandInfo info{command->get_name(), command->get_description(), command->get_footer(), {}};
    for (const CLI::Option* option : command->get_options()) {
      if (option != command->get_help_ptr()) info.options.push_back(Describe(*option));
    }
    tasks.push_back(std::move(info));
  }
  return tasks;
}

}  // namespace rowmill
