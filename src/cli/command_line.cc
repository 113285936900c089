#include "cli/command_line.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstring>
#include <new>
#include <string>
#include <system_error>

#include "base/error.h"
#include "cli/command_parser.h"
#include "cli/process_caller.h"
#include "cli/standard_streams.h"

namespace rowmill {
namespace {

// `-h` is short, `--help` adds examples.
bool WantsLongHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) return true;
  }
  return false;
}

// Core dumps would hold the rows' texts.
void DisableCoreDumps() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

int ParseAndRun(int argc, char** argv) {
  CommandParser parser;
  if (!WantsLongHelp(argc, argv)) parser.RemoveExamples();
  if (argc <= 1) {
    Say("{}", parser.app().help());
    return static_cast<int>(ExitCode::kUsage);
  }
  try {
    parser.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return parser.app().exit(error);  // Help and version.
    Say("rowmill: {}\nsee: {} --help\n", parser.Explain(error), parser.ParsedCommand());
    return static_cast<int>(ExitCode::kUsage);
  }
  ProcessCaller caller;
  return static_cast<int>(parser.action()(caller));
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  OpenClosedStreams();
  DisableCoreDumps();
  try {
    const int code = ParseAndRun(argc, argv);
    FlushStandardOutput();
    return code;
  } catch (const Error& error) {
    Say("rowmill: {}\n", error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    Say("rowmill: out of memory; use fewer --units or a smaller --batch-tokens\n");
    return static_cast<int>(ExitCode::kResource);
  } catch (const std::system_error& error) {
    // A thread that cannot be started; everything else that ends here is a stream that is broken.
    const bool is_thread = error.code() == std::errc::resource_unavailable_try_again;
    Say("rowmill: {}{}\n", error.what(),
        is_thread ? ": the system starts no more threads; use fewer --units" : "");
    return static_cast<int>(is_thread ? ExitCode::kResource : ExitCode::kIo);
  } catch (const std::exception& error) {
    Say("rowmill: internal error: {}\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
}

}  // namespace rowmill
