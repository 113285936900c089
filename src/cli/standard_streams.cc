#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace rowmill {

void OpenClosedStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is taken, and all below are open by now, so it is `stream`.
    [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
  }
}

void FlushStandardOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw IoError("cannot write to standard output: " + std::generic_category().message(errno));
}

}  // namespace rowmill
