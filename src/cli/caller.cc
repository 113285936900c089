#include "cli/caller.h"

#include "base/cpu.h"
#include "tasks/file_hash.h"

namespace rowmill {

std::shared_ptr<const LoadedModel> LoadOnAllCores(const ModelRequest& request,
                                                  FileSystem& file_system) {
  ThreadTeam team(static_cast<size_t>(DetectCpuTopology().usable_cores));
  const ModelCaches caches = {CacheFolder("hashes"), CacheFolder("packed"), request.packed};
  return std::make_shared<const LoadedModel>(
      LoadModel(request.reference, request.options, team, file_system, caches));
}

}  // namespace rowmill
