#include "cli/model_pull.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "hub/pull.h"

namespace rowmill {
namespace {

double Megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

// A line that is written over on a terminal, a line every few seconds elsewhere.
class PullDisplay {
 public:
  explicit PullDisplay(Caller& caller) : caller_(caller) {}
  void Show(const PullProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const auto interval =
        is_terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
    if (now - last_ < interval) return;
    last_ = now;
    caller_.Tell(fmt::format(
        "{}fetching {}  {:.1f} of {:.1f} MB{}", is_terminal_ ? "\r\x1b[2K" : "", progress.file,
        Megabytes(progress.bytes_done), Megabytes(progress.bytes_total), is_terminal_ ? "" : "\n"));
    is_open_ = is_terminal_;
  }
  ~PullDisplay() {
    if (is_open_) caller_.Tell("\r\x1b[2K");
  }

 private:
  Caller& caller_;
  const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  bool is_open_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

PulledModel PullShown(Caller& caller, const HubReference& reference, FileSystem& file_system) {
  PullOptions options = PullOptionsFromEnvironment();
  options.stop = &caller.StopFlag();
  PullDisplay display(caller);
  options.on_progress = [&](const PullProgress& progress) { display.Show(progress); };
  caller.Tell(fmt::format("fetching      {} from {}\n", reference.text(), options.endpoint));
  return PullModel(reference, HubCache(HubCacheFolder()), options, file_system);
}

}  // namespace

Network NetworkFromEnvironment() {
  const char* variable = std::getenv("HF_HUB_OFFLINE");
  const std::string_view value = variable == nullptr ? "" : variable;
  return value.empty() || value == "0" ? Network::kAllowed : Network::kForbidden;
}

void PullIfMissing(Caller& caller, const std::string& reference, Network network,
                   FileSystem& file_system) {
  if (!IsHubReference(reference) || network == Network::kForbidden) return;
  const HubReference parsed = ParseHubReference(reference);
  if (!HubCache(HubCacheFolder()).Find(parsed)) PullShown(caller, parsed, file_system);
}

void PullNow(Caller& caller, const std::string& reference, Network network,
             FileSystem& file_system) {
  if (!IsHubReference(reference)) {
    throw UsageError("models pull takes a model on the hub, such as hf:user/repo:quant, not '" +
                     reference +
                     "'; scripts/get_model.sh gets the ones that `rowmill models` lists");
  }
  const HubReference parsed = ParseHubReference(reference);
  if (network == Network::kForbidden) {
    throw UsageError(
        "models pull needs the network, and it is switched off (--offline, "
        "ROWMILL_OFFLINE or HF_HUB_OFFLINE)");
  }
  const PulledModel model = PullShown(caller, parsed, file_system);
  for (const HubFile& file : model.files) {
    caller.Print(fmt::format("{}  {}  {:.1f} MB\n", file.hash, file.name, Megabytes(file.size)));
  }
  caller.Print(fmt::format("commit {}\n{}\n", model.commit, model.path));
}

}  // namespace rowmill
