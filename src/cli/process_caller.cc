#include "cli/process_caller.h"

#include <fmt/format.h>

#include "cli/signals.h"
#include "cli/standard_streams.h"

namespace rowmill {

const std::atomic<bool>& ProcessCaller::StopFlag() { return InstallSignalHandlers(); }

void ProcessCaller::Tell(const std::string& text) { Say("{}", text); }

void ProcessCaller::Print(const std::string& text) { fmt::print("{}", text); }

void ProcessCaller::ShowProgress(const JobProgress& progress) {
  if (progress_) progress_->Show(progress);
}

void ProcessCaller::EndProgress() {
  if (progress_) progress_->Finish();
}

}  // namespace rowmill
