#include "formats/model_file.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"

namespace rowmill {

ModelFile ModelFile::Open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return ModelFile(HuggingFaceFolder::Open(path));
  }
  if (path.ends_with(".safetensors")) {
    throw ModelError("model file '" + path +
                     "': a safetensors file has weights alone; name the folder that it lies in, "
                     "which has config.json and tokenizer.json too");
  }
  return ModelFile(GgufFile::Open(path));
}

const std::string& ModelFile::name() const {
  return gguf() != nullptr ? gguf()->name() : folder()->name();
}

std::string_view ModelFile::architecture() const {
  if (gguf() != nullptr) return gguf()->GetString("general.architecture");
  const std::optional<std::string_view> type = folder()->config().FindString("model_type");
  if (!type) folder()->config().Fail("has no model_type, so that the model's family is not known");
  return *type;
}

std::unique_ptr<const ModelSource> ModelFile::MakeSource(const HuggingFaceNames& names) const {
  if (gguf() != nullptr) return std::make_unique<const GgufSource>(*gguf());
  return std::make_unique<const HuggingFaceSource>(*folder(), names);
}

}  // namespace rowmill
