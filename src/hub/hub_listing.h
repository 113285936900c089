// What a repository on a hub holds, and which of its files make a model that Rowmill loads.
//
// Format: the answer of the hub's /api/models/USER/REPO/revision/REVISION?blobs=true.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub_reference.h"

namespace rowmill {

struct HubFile {
  std::string name;  // inside the repository; IsSafeFileName
  uint64_t size = 0;
  // The hash of the content, in hexadecimal: SHA-256 (64 digits) of a large file, git's name of a
  // small one (40 digits, hub/git_blob.h).
  std::string hash;
};

struct HubListing {
  std::string commit;          // 40 hexadecimal digits
  std::vector<HubFile> files;  // by name; those without a hash or a safe name are left out
};

// `name`: of the answer, for error texts. Throws ModelError where it is not such a listing.
HubListing ParseHubListing(std::string_view json, const std::string& name);

// The files of one model.
struct HubModelFiles {
  std::vector<HubFile> files;
  std::string gguf;  // the GGUF file's name; empty: the model is the whole folder
};

// With a quant: the first GGUF file whose name has it as a word, in any case. Without: Q4_K_M, or
// else the first GGUF file (as llama.cpp chooses), or else the folder's safetensors with config and
// tokeniser. Throws ModelError saying what there is.
HubModelFiles ChooseModelFiles(const HubReference& reference, const std::vector<HubFile>& files);

}  // namespace rowmill
