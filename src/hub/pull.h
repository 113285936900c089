// Brings a model from a hub into the cache (hub/hub_cache.h): asks which files there are, fetches
// those that are missing, checks every one by the hash that the hub names, and puts them in their
// places. The one thing in Rowmill that opens a connection.
//
// A transfer that breaks goes on where it ended, in this run and in the next. A file is in its
// place whole and checked or not at all; the reference is recorded last.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "hub/hub_cache.h"

namespace rowmill {

struct PullProgress {
  std::string file;
  uint64_t bytes_done = 0;  // of all files of the model, those that were here counted
  uint64_t bytes_total = 0;
};

struct PullOptions {
  std::string endpoint;  // the hub's address
  std::string token;     // of a person's account, for private and gated repositories; empty: none
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const PullProgress&)> on_progress;
};

// $HF_ENDPOINT or the hub's public address; $HF_TOKEN.
PullOptions PullOptionsFromEnvironment();

struct PulledModel {
  std::string path;
  std::string commit;
  std::vector<HubFile> files;  // all checked
};

// Throws ModelError where the hub has no such model or a file is not what the hub says it is,
// IoError where the transfer or the disk fails, ResourceError where libcurl is missing or another
// process fetches the same file, StoppedError after `stop`.
PulledModel PullModel(const HubReference& reference, const HubCache& cache,
                      const PullOptions& options, FileSystem& file_system);

}  // namespace rowmill
