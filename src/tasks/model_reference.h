// What a person may write for --model, and the file that it means: a path, a short name (alias) of
// a model that this version was tested with, or `hf:user/repo[:quant]`, a model on a hub.
//
// What it is not: it loads nothing (tasks/loaded_model.h) and fetches nothing (hub/pull.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rowmill {

struct ModelAlias {
  std::string_view name;
  std::string_view file;         // in the model folder; a file or a folder
  std::string_view size;         // on disk, in words
  std::string_view license;      // in words
  std::string_view description;  // what it is and what for
};

// All aliases; the first is the default model.
std::span<const ModelAlias> ModelAliases();

// Where models of aliases lie: $ROWMILL_MODELS, otherwise $HOME/.cache/rowmill/models.
std::string ModelFolder();

// Whether the model of the alias is in `model_folder`.
bool IsHere(const ModelAlias& alias, const std::string& model_folder);

// The path that `reference` stands for; empty means the default model. An existing file wins over
// an alias of the same name; `hf:` references are looked for in the hub's cache
// (hub/hub_cache.h). Throws ModelError saying what to do where there is no such file.
std::string ResolveModel(const std::string& reference, const std::string& model_folder);

}  // namespace rowmill
