#include "cli/signals.h"

#include <unistd.h>

#include <csignal>

#include "base/error.h"

namespace rowmill {
namespace {

// A signal handler can reach nothing but objects of static storage.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) {
  if (stop_requested.exchange(true)) _exit(static_cast<int>(ExitCode::kStopped));
  constexpr char kMessage[] = "\nstopping in order; press again to stop at once\n";
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
}

}  // namespace

const std::atomic<bool>& InstallSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = SIG_IGN;
  for (int signal : {SIGPIPE, SIGXFSZ}) sigaction(signal, &action, nullptr);
  return stop_requested;
}

}  // namespace rowmill
