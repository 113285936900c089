// Which encoder-decoder reads which architecture. A family is added here with one line.
#include <array>

#include "base/error.h"
#include "models/encoder_decoder.h"
#include "models/marian.h"
#include "models/t5.h"

namespace rowmill {
namespace {

using Loader = std::unique_ptr<EncoderDecoder> (*)(const ModelSource&, const LoadOptions&,
                                                   ThreadTeam&);

struct Family {
  std::string_view model_type;  // of config.json; GGUF files are not read
  const HuggingFaceNames& names;
  Loader load;
};

constexpr std::array kFamilies = {
    Family{"marian", kMarianNames,
           [](const ModelSource& source, const LoadOptions& options, ThreadTeam& team)
               -> std::unique_ptr<EncoderDecoder> { return Marian::Load(source, options, team); }},
    Family{"t5", kT5Names,
           [](const ModelSource& source, const LoadOptions& options, ThreadTeam& team)
               -> std::unique_ptr<EncoderDecoder> { return T5::Load(source, options, team); }},
};

const Family* FindFamily(const ModelFile& file) {
  if (file.folder() == nullptr) return nullptr;
  for (const Family& family : kFamilies) {
    if (family.model_type == file.architecture()) return &family;
  }
  return nullptr;
}

}  // namespace

bool IsEncoderDecoder(const ModelFile& file) { return FindFamily(file) != nullptr; }

std::span<const std::string_view> KnownEncoderDecoderArchitectures() {
  static constexpr std::array<std::string_view, kFamilies.size()> kNames = [] {
    std::array<std::string_view, kFamilies.size()> names;
    for (size_t i = 0; i < kFamilies.size(); ++i) names[i] = kFamilies[i].model_type;
    return names;
  }();
  return kNames;
}

std::unique_ptr<EncoderDecoder> LoadEncoderDecoder(const ModelFile& file,
                                                   const LoadOptions& options, ThreadTeam& team) {
  const Family* family = FindFamily(file);
  if (family == nullptr) {
    throw ModelError("model '" + file.name() + "': architecture '" +
                     std::string(file.architecture()) +
                     "' is not an encoder-decoder that is supported");
  }
  return family->load(*file.MakeSource(family->names), options, team);
}

}  // namespace rowmill
