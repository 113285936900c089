// A model as it was opened: a GGUF file, or a folder as Hugging Face lays it out. What a person
// names with --model ends here; families see a ModelSource.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/gguf.h"
#include "formats/hugging_face_folder.h"
#include "formats/model_source.h"

namespace rowmill {

class ModelFile {
 public:
  // Opens the file or folder at `path`. Throws ModelError, for a lone .safetensors file too: what
  // it needs lies beside it, so that its folder is the model.
  static ModelFile Open(const std::string& path);
  explicit ModelFile(GgufFile file) : content_(std::move(file)) {}
  explicit ModelFile(HuggingFaceFolder folder) : content_(std::move(folder)) {}

  const std::string& name() const;
  // nullptr where the model is of the other kind.
  const GgufFile* gguf() const { return std::get_if<GgufFile>(&content_); }
  const HuggingFaceFolder* folder() const { return std::get_if<HuggingFaceFolder>(&content_); }

  // `general.architecture` of a GGUF file, `model_type` of a folder's config.json. Throws where it
  // is missing.
  std::string_view architecture() const;
  // The config and weights, by GGUF's names; `names` is what they are called in a folder. The
  // source must not outlive this object.
  std::unique_ptr<const ModelSource> MakeSource(const HuggingFaceNames& names) const;

 private:
  std::variant<GgufFile, HuggingFaceFolder> content_;
};

}  // namespace rowmill
