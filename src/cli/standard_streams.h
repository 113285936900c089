// The three streams that a process is born with, in a world where some are closed or broken.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace rowmill {

// Opens /dev/null in place of those that are closed. Otherwise the next file that is opened, the
// output perhaps, would become standard error and be written over with messages.
void OpenClosedStreams();

// Writes to standard error. That nobody can read it (closed, a full disk, a pipe without a reader)
// ends no job: rows are worth more than what is said about them.
template <typename... Args>
void Say(fmt::format_string<Args...> text, Args&&... args) {
  std::fputs(fmt::format(text, std::forward<Args>(args)...).c_str(), stderr);
}

// Hands on what was printed to standard output. Throws IoError where it could not be written.
void FlushStandardOutput();

}  // namespace rowmill
