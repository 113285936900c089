// Shows how far a job is: a bar on a terminal, a line every few seconds elsewhere, JSON lines for
// programs. All of it on standard error; standard output is for data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/job.h"

namespace rowmill {

enum class ProgressMode : uint8_t { kBar, kLines, kJson, kNone };

// "auto", "json", "none"; auto is a bar where standard error is a terminal. Throws UsageError.
ProgressMode ParseProgressMode(const std::string& word);

class ProgressDisplay {
 public:
  explicit ProgressDisplay(ProgressMode mode) : mode_(mode) {}
  void Show(const JobProgress& progress);
  // Ends the bar, so that what follows starts on a line of its own.
  void Finish();

 private:
  void ShowJson(const JobProgress& progress) const;

  ProgressMode mode_;
  bool bar_open_ = false;
  std::chrono::steady_clock::time_point last_line_{};
};

// "1 h 02 min", "3 min 20 s", "12 s", "0.4 s".
std::string FormatDuration(double seconds);

}  // namespace rowmill
