#include "cli/caller.h"

#include "base/cpu.h"
#include "tasks/file_hash.h"

namespace rowmill {

std::shared_ptr<const LoadedModel> LoadOnAllCores(const std::string& reference,
                                                  const LoadOptions& options,
                                                  FileSystem& file_system) {
  ThreadTeam team(static_cast<size_t>(DetectCpuTopology().usable_cores));
  return std::make_shared<const LoadedModel>(
      LoadModel(reference, options, team, file_system, HashFolder()));
}

}  // namespace rowmill
