// What a person may write for --model, and the file that it means: a path, a short name (alias) of
// a model that this version was tested with, or `hf:user/repo[:quant]`.
//
// What it is not: it loads nothing (tasks/loaded_model.h) and never touches the network.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rowmill {

struct ModelAlias {
  std::string_view name;
  std::string_view file;         // in the model folder
  std::string_view description;  // for `rowmill models`
};

// All aliases; the first is the default model.
std::span<const ModelAlias> ModelAliases();

// Where models of aliases lie: $ROWMILL_MODELS, otherwise $HOME/.cache/rowmill/models.
std::string ModelFolder();

// The path that `reference` stands for; empty means the default model. An existing file wins over
// an alias of the same name. Throws ModelError saying what to do where there is no such file, and
// for `hf:` references.
std::string ResolveModel(const std::string& reference, const std::string& model_folder);

}  // namespace rowmill
