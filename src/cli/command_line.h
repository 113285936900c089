// The program: parses arguments, runs a command, turns errors into one line and an exit code.
#pragma once

namespace rowmill {

// Returns the exit code (base/error.h).
int RunCommandLine(int argc, char** argv);

}  // namespace rowmill
