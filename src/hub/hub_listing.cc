#include "hub/hub_listing.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/json_document.h"

namespace rowmill {
namespace {

constexpr std::string_view kUsualQuant = "Q4_K_M";

// What LoadModel reads beside the weights (tasks/loaded_model.cc); config.json has to be there.
constexpr std::array<std::string_view, 9> kFolderFiles = {"config.json",
                                                          "generation_config.json",
                                                          "tokenizer.json",
                                                          "tokenizer_config.json",
                                                          "special_tokens_map.json",
                                                          "chat_template.jinja",
                                                          "vocab.txt",
                                                          "modules.json",
                                                          "1_Pooling/config.json"};

bool IsHexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = Lower(c);
  return lower;
}

bool IsGguf(const HubFile& file) { return Lower(file.name).ends_with(".gguf"); }

// The vision part of a model beside its text part.
bool IsProjector(const HubFile& file) {
  return Lower(file.name).find("mmproj") != std::string::npos;
}

// "model-00001-of-00003.gguf".
bool IsPartOfGguf(const HubFile& file) {
  const std::string name = Lower(file.name);
  const size_t of = name.rfind("-of-");
  return of != std::string::npos && name.size() == of + 4 + 5 + 5 && of >= 6;
}

// Whether `word` stands in the name with a border on both sides: q4_0 is not in "q4_0_8_8".
bool HasWord(std::string_view name, std::string_view word) {
  const std::string text = Lower(name), wanted = Lower(word);
  constexpr std::string_view kBorders = "-./";
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    const bool begins =
        at == 0 || kBorders.find(text[at - 1]) != std::string_view::npos || text[at - 1] == '_';
    if (begins && end < text.size() && kBorders.find(text[end]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

const HubFile* Find(const std::vector<HubFile>& files, std::string_view name) {
  for (const HubFile& file : files) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

const HubFile* FindQuant(const std::vector<const HubFile*>& ggufs, std::string_view quant) {
  for (const HubFile* file : ggufs) {
    if (HasWord(file->name, quant)) return file;
  }
  return nullptr;
}

[[noreturn]] void Fail(const HubReference& reference, const std::string& message) {
  throw ModelError("--model " + reference.text() + ": " + message);
}

std::string ListNames(const std::vector<const HubFile*>& files) {
  constexpr size_t kShown = 12;
  std::string list;
  for (size_t i = 0; i < std::min(files.size(), kShown); ++i) {
    list += (i == 0 ? "" : ", ") + files[i]->name;
  }
  return files.size() > kShown ? list + ", ..." : list;
}

HubModelFiles ChooseFolder(const HubReference& reference, const std::vector<HubFile>& files) {
  HubModelFiles chosen;
  if (Find(files, "config.json") == nullptr) {
    Fail(reference, "the repository has neither a GGUF file nor a config.json: no model in it");
  }
  for (std::string_view name : kFolderFiles) {
    if (const HubFile* file = Find(files, name)) chosen.files.push_back(*file);
  }
  if (const HubFile* single = Find(files, "model.safetensors")) {
    chosen.files.push_back(*single);
    return chosen;
  }
  const HubFile* index = Find(files, "model.safetensors.index.json");
  if (index == nullptr) {
    Fail(reference,
         "the repository has neither a GGUF file nor model.safetensors; weights in pickles "
         "(pytorch_model.bin) are never loaded, since they can run code");
  }
  chosen.files.push_back(*index);
  for (const HubFile& file : files) {
    const bool is_shard = file.name.starts_with("model-") && file.name.ends_with(".safetensors") &&
                          file.name.find("-of-") != std::string::npos &&
                          file.name.find('/') == std::string::npos;
    if (is_shard) chosen.files.push_back(file);
  }
  return chosen;
}

}  // namespace

HubListing ParseHubListing(std::string_view json, const std::string& name) {
  const JsonDocument document = JsonDocument::Parse(json, name);
  HubListing listing;
  listing.commit = document.FindString("sha").value_or("");
  if (listing.commit.size() != 40 || !IsHexadecimal(listing.commit)) {
    document.Fail("has no commit (sha); is this address a model hub?");
  }
  const nlohmann::json* const siblings = document.Find("siblings");
  if (siblings == nullptr || !siblings->is_array())
    document.Fail("has no list of files (siblings)");
  const auto text = [](const nlohmann::json& object, const char* key) -> std::string {
    if (!object.is_object()) return "";
    const auto at = object.find(key);
    return at != object.end() && at->is_string() ? at->get<std::string>() : "";
  };
  for (const nlohmann::json& sibling : *siblings) {
    HubFile file;
    file.name = text(sibling, "rfilename");
    if (!IsSafeFileName(file.name)) continue;
    const auto size = sibling.find("size");
    if (size == sibling.end() || !size->is_number_unsigned()) continue;
    file.size = size->get<uint64_t>();
    const auto large = sibling.find("lfs");
    const bool is_large = large != sibling.end() && large->is_object();
    file.hash = is_large ? text(*large, "sha256") : text(sibling, "blobId");
    if (file.hash.size() != (is_large ? 64u : 40u) || !IsHexadecimal(file.hash)) continue;
    listing.files.push_back(std::move(file));
  }
  std::sort(listing.files.begin(), listing.files.end(),
            [](const HubFile& a, const HubFile& b) { return a.name < b.name; });
  return listing;
}

HubModelFiles ChooseModelFiles(const HubReference& reference, const std::vector<HubFile>& files) {
  std::vector<const HubFile*> ggufs;
  for (const HubFile& file : files) {
    if (IsGguf(file) && !IsProjector(file)) ggufs.push_back(&file);
  }
  const HubFile* gguf = nullptr;
  if (!reference.quant.empty()) {
    gguf = FindQuant(ggufs, reference.quant);
    if (gguf == nullptr) {
      Fail(reference, ggufs.empty() ? "the repository has no GGUF file, so it takes no quant"
                                    : "no GGUF file is named " + reference.quant +
                                          "; there are: " + ListNames(ggufs));
    }
  } else if (!ggufs.empty()) {
    gguf = FindQuant(ggufs, kUsualQuant);
    if (gguf == nullptr) gguf = ggufs.front();
  }
  if (gguf == nullptr) return ChooseFolder(reference, files);
  if (IsPartOfGguf(*gguf)) {
    Fail(reference, gguf->name +
                        " is a part of a GGUF file that was cut into several, which cannot "
                        "be loaded yet; take a smaller quant");
  }
  return {{*gguf}, gguf->name};
}

}  // namespace rowmill
