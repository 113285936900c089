// A model folder as Hugging Face lays it out: config.json, the weights in model.safetensors or in
// several shards that model.safetensors.index.json names, and the tokeniser's files beside them.
// Hostile input is expected: an index may name plain files of the folder alone, every tensor that
// it places has to be there, and no tensor may be in two shards.
//
// What it is not: it knows no architecture (models/) and reads no tokeniser (text/). Links are
// followed, since a hub's cache is made of them: what a folder's owner linked is the owner's
// choice, and what its files say cannot make a link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_document.h"
#include "formats/safetensors.h"

namespace rowmill {

class HuggingFaceFolder {
 public:
  // Throws ModelError naming the file that is missing or broken.
  static HuggingFaceFolder Open(const std::string& path);
  // Whether `path` is a folder with a config.json, so that a person may mean it as a model.
  static bool LooksLikeOne(const std::string& path);

  const std::string& name() const { return path_; }
  const JsonDocument& config() const { return config_; }
  const std::vector<SafetensorsFile>& shards() const { return shards_; }

  const TensorView* FindTensor(std::string_view tensor_name) const;
  // As SafetensorsFile::WhyUnusable.
  std::string_view WhyUnusable(std::string_view tensor_name) const;

  // Another JSON file of the folder, such as tokenizer.json; nullopt where it is missing.
  std::optional<JsonDocument> FindJson(const std::string& file_name,
                                       const JsonDocumentLimits& limits = {}) const;
  // The content of a small file of the folder, nullopt where it is missing.
  std::optional<std::string> FindText(const std::string& file_name, size_t max_bytes) const;
  // The files that were opened so far by Open: config.json and shards, as paths.
  std::vector<std::string> Files() const;

 private:
  HuggingFaceFolder() = default;
  std::string PathOf(const std::string& file_name) const { return path_ + "/" + file_name; }
  void OpenShards();
  void CheckIndex(const JsonDocument& index);

  std::string path_;
  JsonDocument config_;
  std::vector<SafetensorsFile> shards_;  // by file name
};

}  // namespace rowmill
