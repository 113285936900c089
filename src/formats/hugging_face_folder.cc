#include "formats/hugging_face_folder.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/error_text.h"

namespace rowmill {
namespace {

constexpr std::string_view kConfig = "config.json";
constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr size_t kMaxShards = 1024;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Names of the folder's own files: no separator, no parent, nothing hidden.
bool IsPlainFileName(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != '\\'; });
}

[[noreturn]] void Fail(const std::string& folder, const std::string& message) {
  throw ModelError("model folder '" + folder + "': " + message);
}

// What can be said of a folder without safetensors.
std::string OtherWeights(const std::string& folder) {
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                           "flax_model.msgpack", "model.pt"}) {
    if (Exists(folder + "/" + name)) {
      return "; it has " + std::string(name) +
             ", which is never loaded (pickle runs code): convert it to safetensors";
    }
  }
  return "";
}

}  // namespace

bool HuggingFaceFolder::LooksLikeOne(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) && Exists(path + "/" + std::string(kConfig));
}

HuggingFaceFolder HuggingFaceFolder::Open(const std::string& path) {
  HuggingFaceFolder folder;
  folder.path_ = path;
  std::optional<JsonDocument> config = folder.FindJson(std::string(kConfig));
  if (!config) Fail(path, "it has no config.json, so this is not a model that can be loaded");
  folder.config_ = std::move(*config);
  if (!folder.config_.root().is_object()) folder.config_.Fail("is not a JSON object");
  folder.OpenShards();
  return folder;
}

void HuggingFaceFolder::OpenShards() {
  if (Exists(PathOf(std::string(kSingleFile)))) {
    shards_.push_back(SafetensorsFile::Open(PathOf(std::string(kSingleFile))));
    return;
  }
  constexpr JsonDocumentLimits kIndexLimits = {
      .max_bytes = size_t{64} << 20, .max_depth = 4, .max_values = size_t{1} << 20};
  const std::optional<JsonDocument> index = FindJson(std::string(kIndex), kIndexLimits);
  if (!index) {
    Fail(path_,
         "it has neither model.safetensors nor model.safetensors.index.json" + OtherWeights(path_));
  }
  CheckIndex(*index);
}

void HuggingFaceFolder::CheckIndex(const JsonDocument& index) {
  const nlohmann::json* const map = index.Find("weight_map");
  if (map == nullptr || !map->is_object()) index.Fail("has no object weight_map");
  // Sorted, so that everything that follows is the same on every machine.
  std::map<std::string, std::vector<std::string>> tensors_of_shard;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !IsPlainFileName(shard.get_ref<const std::string&>())) {
      index.Fail("places tensor " + Quoted(tensor) +
                 " in something that is not the name of a file in this folder");
    }
    tensors_of_shard[shard.get_ref<const std::string&>()].push_back(tensor);
  }
  if (tensors_of_shard.empty() || tensors_of_shard.size() > kMaxShards) {
    index.Fail("names " + std::to_string(tensors_of_shard.size()) + " shards, allowed are 1 to " +
               std::to_string(kMaxShards));
  }
  std::vector<std::string_view> names;
  for (const auto& [shard, tensors] : tensors_of_shard) {
    if (!Exists(PathOf(shard))) Fail(path_, "the shard " + Quoted(shard) + " is missing");
    const SafetensorsFile& file = shards_.emplace_back(SafetensorsFile::Open(PathOf(shard)));
    for (const std::string& tensor : tensors) {
      if (file.FindTensor(tensor) == nullptr && file.WhyUnusable(tensor).empty()) {
        index.Fail("places tensor " + Quoted(tensor) + " in " + Quoted(shard) +
                   ", which does not have it; the files are of different models");
      }
    }
  }
  for (const SafetensorsFile& file : shards_) {
    for (const TensorView& tensor : file.tensors()) names.emplace_back(tensor.name);
  }
  if (const auto twice = NameIndex(names).FindDuplicate()) {
    Fail(path_, "tensor " + Quoted(*twice) + " is in two shards");
  }
}

const TensorView* HuggingFaceFolder::FindTensor(std::string_view tensor_name) const {
  for (const SafetensorsFile& file : shards_) {
    if (const TensorView* tensor = file.FindTensor(tensor_name)) return tensor;
  }
  return nullptr;
}

std::string_view HuggingFaceFolder::WhyUnusable(std::string_view tensor_name) const {
  for (const SafetensorsFile& file : shards_) {
    if (const std::string_view reason = file.WhyUnusable(tensor_name); !reason.empty()) {
      return reason;
    }
  }
  return "";
}

std::optional<JsonDocument> HuggingFaceFolder::FindJson(const std::string& file_name,
                                                        const JsonDocumentLimits& limits) const {
  const std::string path = PathOf(file_name);
  if (!Exists(path)) return std::nullopt;
  const MappedFile file(path);
  return JsonDocument::Parse(
      {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, path, limits);
}

std::optional<std::string> HuggingFaceFolder::FindText(const std::string& file_name,
                                                       size_t max_bytes) const {
  const std::string path = PathOf(file_name);
  if (!Exists(path)) return std::nullopt;
  const MappedFile file(path);
  if (file.bytes().size() > max_bytes) {
    Fail(path_, file_name + " has " + std::to_string(file.bytes().size()) +
                    " bytes, the limit is " + std::to_string(max_bytes));
  }
  return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

std::vector<std::string> HuggingFaceFolder::Files() const {
  std::vector<std::string> files = {PathOf(std::string(kConfig))};
  for (const SafetensorsFile& shard : shards_) files.push_back(shard.name());
  return files;
}

}  // namespace rowmill
