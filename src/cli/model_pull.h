// Fetching models that a command names, with what is said about it to the caller.
#pragma once

#include <string>

#include "base/file_system.h"
#include "cli/caller.h"

namespace rowmill {

enum class Network : uint8_t { kAllowed, kForbidden };

// kForbidden where HF_HUB_OFFLINE is set to anything but 0, as Hugging Face's own tools read it.
Network NetworkFromEnvironment();

// Before a model is loaded: where `reference` is an `hf:` one that is not in the cache, fetches it.
// Does nothing for every other reference, and where the network is forbidden.
void PullIfMissing(Caller& caller, const std::string& reference, Network network,
                   FileSystem& file_system);

// Fetches what the hub has now, and prints what was checked and where it lies.
void PullNow(Caller& caller, const std::string& reference, Network network,
             FileSystem& file_system);

}  // namespace rowmill
