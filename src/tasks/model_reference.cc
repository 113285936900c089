#include "tasks/model_reference.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "data/suggestion.h"
#include "formats/hugging_face_folder.h"
#include "hub/hub_cache.h"

namespace rowmill {
namespace {

constexpr std::array<ModelAlias, 9> kAliases = {{
    {"smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "98 MB", "Apache-2.0",
     "SmolLM2 135M Instruct, 4 bits: labels, short texts; the default"},
    {"minilm", "minilm", "91 MB", "Apache-2.0",
     "all-MiniLM-L6-v2, sentence vectors, f32; the default of embed and similar"},
    {"gemma3-270m", "gemma-3-270m-q4_k_m.gguf", "253 MB", "Gemma terms of use",
     "Gemma 3 270M, 4 to 8 bits, not instruction-tuned: raw prompts with examples"},
    {"qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "491 MB", "Apache-2.0",
     "Qwen2.5-Coder 0.5B Instruct, 4 bits: short texts, code"},
    {"marian-en-pt", "marian-en-pt", "70 MB", "none stated",
     "Bergamot's small student, English to Portuguese"},
    {"marian-pt-en", "marian-pt-en", "70 MB", "none stated",
     "Bergamot's small student, Portuguese to English"},
    {"efficientnet-lite0", "efficientnet-lite0", "19 MB", "Apache-2.0 upstream",
     "EfficientNet-Lite0, 1,000 classes of ImageNet; the default of recognize"},
    {"whisper-base", "whisper-base", "148 MB", "MIT",
     "Whisper base, f16: speech in 99 languages to text; the default of transcribe"},
    {"whisper-tiny.en", "whisper-tiny.en", "78 MB", "MIT",
     "Whisper tiny, f16: English speech to text, fast"},
}};

bool IsFile(const std::string& path) {
  std::error_code ignored;
  // Anything that is there and no folder; what cannot be mapped is refused, with its reason, when
  // it is.
  return std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored);
}

// A GGUF file, or a folder with the files of a model.
bool IsModel(const std::string& path) {
  return IsFile(path) || HuggingFaceFolder::LooksLikeOne(path);
}

const ModelAlias* FindAlias(std::string_view name) {
  for (const ModelAlias& alias : kAliases) {
    if (alias.name == name) return &alias;
  }
  return nullptr;
}

bool LooksLikePath(std::string_view reference) {
  return reference.find('/') != std::string_view::npos || reference.ends_with(".gguf");
}

std::string ResolveAlias(const ModelAlias& alias, const std::string& model_folder) {
  const std::string path = model_folder + "/" + std::string(alias.file);
  if (IsHere(alias, model_folder)) return path;
  throw ModelError("the model '" + std::string(alias.name) + "' is not on this machine (" + path +
                   " is missing); run scripts/get_model.sh " + std::string(alias.name) +
                   ", set ROWMILL_MODELS to the folder that has "
                   "it, or give --model the path of a GGUF file or a Hugging Face folder.");
}

std::string ResolveHubReference(const std::string& text) {
  const HubReference reference = ParseHubReference(text);
  const HubCache cache(HubCacheFolder());
  if (const auto path = cache.Find(reference)) return *path;
  throw ModelError("--model " + text + ": this model is not on this machine (looked for in '" +
                   cache.folder() + "'); run `rowmill models pull " + text +
                   "` where there is a network, or leave --offline out");
}

}  // namespace

std::span<const ModelAlias> ModelAliases() { return kAliases; }

bool IsHere(const ModelAlias& alias, const std::string& model_folder) {
  return IsModel(model_folder + "/" + std::string(alias.file));
}

std::string ModelFolder() {
  if (const char* folder = std::getenv("ROWMILL_MODELS"); folder != nullptr && *folder != '\0') {
    return folder;
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : ".") + "/.cache/rowmill/models";
}

std::string ResolveModel(const std::string& reference, const std::string& model_folder) {
  if (reference.empty()) return ResolveAlias(kAliases.front(), model_folder);
  if (IsHubReference(reference)) return ResolveHubReference(reference);
  if (IsModel(reference)) return reference;
  if (const ModelAlias* alias = FindAlias(reference)) return ResolveAlias(*alias, model_folder);
  std::error_code ignored;
  if (std::filesystem::is_directory(reference, ignored)) {
    if (HuggingFaceFolder::LooksLikeOne(reference)) return reference;
    throw ModelError("--model " + reference +
                     ": this folder has no config.json, so it is not a Hugging Face model; to use "
                     "a GGUF file in it, name the file.");
  }
  if (LooksLikePath(reference))
    throw ModelError("--model " + reference + ": there is no such file.");
  std::vector<std::string> names;
  std::string list;
  for (const ModelAlias& alias : kAliases) {
    names.emplace_back(alias.name);
    list += (list.empty() ? "" : ", ") + std::string(alias.name);
  }
  throw ModelError("--model " + reference + ": there is no such file and no model of that name" +
                   DidYouMean(reference, names) + "; the names are: " + list +
                   ". Or give the path of a GGUF file or of a Hugging Face folder.");
}

}  // namespace rowmill
