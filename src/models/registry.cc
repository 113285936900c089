// Which family reads which architecture. A family is added here with one line.
#include <array>

#include "base/check.h"
#include "models/llama.h"
#include "models/model.h"

namespace rowmill {
namespace {

using Loader = std::unique_ptr<Decoder> (*)(const GgufFile&, const LoadOptions&, ThreadTeam&);

struct Family {
  std::string_view architecture;  // general.architecture
  Loader load;
};

constexpr std::array kFamilies = {
    Family{"llama",
           [](const GgufFile& file, const LoadOptions& options, ThreadTeam& team)
               -> std::unique_ptr<Decoder> { return Llama::Load(file, options, team); }},
};

}  // namespace

std::span<const std::string_view> KnownArchitectures() {
  static constexpr std::array<std::string_view, kFamilies.size()> kNames = [] {
    std::array<std::string_view, kFamilies.size()> names;
    for (size_t i = 0; i < kFamilies.size(); ++i) names[i] = kFamilies[i].architecture;
    return names;
  }();
  return kNames;
}

std::unique_ptr<Decoder> LoadDecoder(const GgufFile& file, const LoadOptions& options,
                                     ThreadTeam& team) {
  const std::string_view architecture = file.GetString("general.architecture");
  for (const Family& family : kFamilies) {
    if (family.architecture == architecture) return family.load(file, options, team);
  }
  std::string known;
  for (std::string_view name : KnownArchitectures())
    known += (known.empty() ? "" : ", ") + std::string(name);
  throw ModelError("model file '" + file.name() + "': architecture '" + std::string(architecture) +
                   "' is not supported; supported are: " + known);
}

}  // namespace rowmill
