// Fetching models that a command names, with what is said about it on standard error.
#pragma once

#include <string>

#include "base/file_system.h"

namespace rowmill {

enum class Network : uint8_t { kAllowed, kForbidden };

// kForbidden where HF_HUB_OFFLINE is set to anything but 0, as Hugging Face's own tools read it.
Network NetworkFromEnvironment();

// Before a model is loaded: where `reference` is an `hf:` one that is not in the cache, fetches it.
// Does nothing for every other reference, and where the network is forbidden.
void PullIfMissing(const std::string& reference, Network network, FileSystem& file_system);

// Fetches what the hub has now, and prints what was checked and where it lies.
void PullNow(const std::string& reference, Network network, FileSystem& file_system);

}  // namespace rowmill
