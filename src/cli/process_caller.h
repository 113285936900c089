// The caller that is a process of its own: signals stop a run, standard error tells of it, standard
// output has what was asked for.
#pragma once

#include <optional>
#include <string>

#include "cli/caller.h"
#include "cli/progress.h"

namespace rowmill {

class ProcessCaller final : public Caller {
 public:
  const std::atomic<bool>& StopFlag() override;
  void Tell(const std::string& text) override;
  void Print(const std::string& text) override;
  void BeginProgress(ProgressMode mode) override { progress_.emplace(mode); }
  void ShowProgress(const JobProgress& progress) override;
  void EndProgress() override;

 private:
  std::optional<ProgressDisplay> progress_;
};

}  // namespace rowmill
