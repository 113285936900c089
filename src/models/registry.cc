// Which family reads which architecture. A family is added here with one line.
#include <array>

#include "models/gemma3.h"
#include "models/gpt2.h"
#include "models/llama.h"
#include "models/model.h"

namespace rowmill {
namespace {

using Loader = std::unique_ptr<Decoder> (*)(const ModelSource&, const LoadOptions&, ThreadTeam&);

struct Family {
  std::string_view architecture;  // general.architecture of GGUF
  std::string_view model_type;    // of config.json
  const HuggingFaceNames& names;
  Loader load;
};

template <LlamaKind kKind>
std::unique_ptr<Decoder> LoadLlama(const ModelSource& source, const LoadOptions& options,
                                   ThreadTeam& team) {
  return Llama::Load(kKind, source, options, team);
}

constexpr std::array kFamilies = {
    Family{"llama", "llama", kLlamaNames, LoadLlama<LlamaKind::kLlama>},
    Family{"llama", "mistral", kLlamaNames, LoadLlama<LlamaKind::kLlama>},
    Family{"qwen2", "qwen2", kLlamaNames, LoadLlama<LlamaKind::kQwen2>},
    Family{"qwen3", "qwen3", kLlamaNames, LoadLlama<LlamaKind::kQwen3>},
    Family{"gemma3", "gemma3_text", kGemma3Names,
           [](const ModelSource& source, const LoadOptions& options, ThreadTeam& team)
               -> std::unique_ptr<Decoder> { return Gemma3::Load(source, options, team); }},
    Family{"gpt2", "gpt2", kGpt2Names,
           [](const ModelSource& source, const LoadOptions& options, ThreadTeam& team)
               -> std::unique_ptr<Decoder> { return Gpt2::Load(source, options, team); }},
};

}  // namespace

std::span<const std::string_view> KnownArchitectures() {
  // Families that GGUF calls by one name stand side by side above.
  static constexpr auto kNames = [] {
    std::array<std::string_view, kFamilies.size()> names;
    size_t count = 0;
    for (const Family& family : kFamilies) {
      if (count == 0 || names[count - 1] != family.architecture) {
        names[count++] = family.architecture;
      }
    }
    return std::pair(names, count);
  }();
  return std::span(kNames.first).first(kNames.second);
}

std::unique_ptr<Decoder> LoadDecoder(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team) {
  const std::string_view architecture = file.architecture();
  for (const Family& family : kFamilies) {
    if (architecture == (file.gguf() != nullptr ? family.architecture : family.model_type)) {
      return family.load(*file.MakeSource(family.names), options, team);
    }
  }
  std::string known;
  for (const Family& family : kFamilies) {
    const std::string_view name = file.gguf() != nullptr ? family.architecture : family.model_type;
    if (!known.ends_with(name)) known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw ModelError("model '" + file.name() + "': architecture '" + std::string(architecture) +
                   "' is not supported; supported are: " + known);
}

}  // namespace rowmill
