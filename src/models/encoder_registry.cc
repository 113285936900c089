// Which encoder reads which architecture. A family is added here with one line.
#include <array>

#include "models/bert.h"
#include "models/encoder.h"

namespace rowmill {
namespace {

struct Family {
  std::string_view architecture;  // general.architecture of GGUF; empty: folders alone
  std::string_view model_type;    // of config.json; empty: GGUF alone
  BertKind kind;
  const HuggingFaceNames& names;
};

constexpr std::array kFamilies = {
    Family{"bert", "bert", BertKind::kBert, kBertNames},
    Family{"", "distilbert", BertKind::kDistilBert, kDistilBertNames},
    Family{"", "roberta", BertKind::kRoberta, kBertNames},
    Family{"", "xlm-roberta", BertKind::kRoberta, kBertNames},
};

const Family* FindFamily(const ModelFile& file) {
  const std::string_view architecture = file.architecture();
  for (const Family& family : kFamilies) {
    const std::string_view name = file.gguf() != nullptr ? family.architecture : family.model_type;
    if (!name.empty() && name == architecture) return &family;
  }
  return nullptr;
}

// GGUF says how vectors are pooled; a folder in sentence-transformers' file, where it is one.
Pooling ReadPooling(const ModelFile& file) {
  if (const GgufFile* gguf = file.gguf()) {
    constexpr int64_t kMeanType = 1, kClsType = 2;
    const int64_t type = gguf->FindInt("bert.pooling_type").value_or(kMeanType);
    if (type == kMeanType) return Pooling::kMean;
    if (type == kClsType) return Pooling::kFirst;
    throw ModelError("model file '" + file.name() + "': bert.pooling_type is " +
                     std::to_string(type) + ", supported are 1 (mean) and 2 (first token)");
  }
  const std::optional<JsonDocument> pooling = file.folder()->FindJson("1_Pooling/config.json");
  if (!pooling) return Pooling::kMean;
  if (pooling->FindBool("pooling_mode_cls_token").value_or(false)) return Pooling::kFirst;
  if (pooling->FindBool("pooling_mode_mean_tokens").value_or(true)) return Pooling::kMean;
  pooling->Fail("names neither the mean nor the first token; no other pooling is supported");
}

// Names of a classification head's labels, "id2label": {"0": "NEGATIVE", ...}.
std::vector<std::string> ReadLabels(const ModelFile& file) {
  std::vector<std::string> labels;
  if (file.folder() == nullptr) return labels;
  const nlohmann::json* names = file.folder()->config().Find("id2label");
  if (names == nullptr || !names->is_object()) return labels;
  for (size_t i = 0; i < names->size(); ++i) {
    const auto found = names->find(std::to_string(i));
    if (found == names->end() || !found->is_string()) return labels;
    labels.push_back(found->get<std::string>());
  }
  return labels;
}

}  // namespace

bool IsEncoder(const ModelFile& file) { return FindFamily(file) != nullptr; }

std::span<const std::string_view> KnownEncoderArchitectures() {
  static constexpr std::array<std::string_view, kFamilies.size()> kNames = [] {
    std::array<std::string_view, kFamilies.size()> names;
    for (size_t i = 0; i < kFamilies.size(); ++i) names[i] = kFamilies[i].model_type;
    return names;
  }();
  return kNames;
}

std::unique_ptr<Encoder> LoadEncoder(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team) {
  const Family* family = FindFamily(file);
  if (family == nullptr) {
    std::string known;
    for (std::string_view name : KnownEncoderArchitectures()) {
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    throw ModelError("model '" + file.name() + "': architecture '" +
                     std::string(file.architecture()) +
                     "' is not an encoder that is supported; supported are: " + known);
  }
  BertOptions bert;
  bert.pooling = ReadPooling(file);
  bert.labels = ReadLabels(file);
  return Bert::Load(family->kind, *file.MakeSource(family->names), bert, options, team);
}

}  // namespace rowmill
