// Ctrl-C and SIGTERM: the first asks the job to stop in order, the second ends the process at once.
#pragma once

#include <atomic>

namespace rowmill {

// Installs the handlers and ignores SIGPIPE and SIGXFSZ (both then come as errors of the write).
// Returns the flag that the first signal sets.
const std::atomic<bool>& InstallSignalHandlers();

}  // namespace rowmill
