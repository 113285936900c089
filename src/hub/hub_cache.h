// The models on this machine that came from a hub, in the folder and the layout of Hugging Face's
// own tools, so that what one of them has fetched the others find:
//
//   models--USER--REPO/refs/main             the commit that `main` was when it was asked
//   models--USER--REPO/blobs/HASH            a file's content; HASH.incomplete while it is fetched
//   models--USER--REPO/snapshots/COMMIT/...  the repository's names, as links into blobs/
//   models--USER--REPO/rowmill.json          ours: which commit and files a reference stands for
//
// A reference that was fetched once stands for the same files until it is fetched anew: a job that
// goes on tomorrow uses the model that it began with. Without our record (the files came from
// another tool) a reference is answered from the snapshot of refs/main, where that leaves no
// choice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/hub_listing.h"
#include "hub/hub_reference.h"

namespace rowmill {

// $HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or ~/.cache/huggingface/hub.
std::string HubCacheFolder();

class HubCache {
 public:
  explicit HubCache(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  std::string RepoFolder(const HubReference& reference) const;
  std::string BlobPath(const HubReference& reference, const std::string& hash) const;
  std::string LockPath(const HubReference& reference, const std::string& hash) const;
  std::string RecordPath(const HubReference& reference) const;
  std::string SnapshotFolder(const HubReference& reference, const std::string& commit) const;

  // The path of the model (a GGUF file or a folder) where all of its files are here.
  std::optional<std::string> Find(const HubReference& reference) const;

  // Whether the file is in the snapshot with this size.
  bool Has(const HubReference& reference, const std::string& commit, const HubFile& file) const;

  // The record's text with `reference` standing for these files.
  std::string RecordWith(const HubReference& reference, const std::string& commit,
                         const HubModelFiles& model) const;

  struct Entry {
    std::string reference;
    uint64_t bytes = 0;
  };
  // What was fetched by us and is whole, sorted.
  std::vector<Entry> List() const;

 private:
  std::optional<std::string> FindInSnapshot(const HubReference& reference) const;

  std::string folder_;
};

// The SHA-256 that the content of a file in a hub's cache must have: `path` is a link to a blob
// that is named by it. Empty for every other file.
std::string ExpectedSha256(const std::string& path);

}  // namespace rowmill
