#include "formats/model_source.h"

#include "base/error.h"
#include "formats/error_text.h"

namespace rowmill {

std::optional<int64_t> GgufSource::FindInt(std::string_view key) const {
  return file_.FindInt(KeyName(key));
}
std::optional<double> GgufSource::FindFloat(std::string_view key) const {
  return file_.FindFloat(KeyName(key));
}
std::optional<bool> GgufSource::FindBool(std::string_view key) const {
  return file_.FindBool(KeyName(key));
}
std::optional<std::string_view> GgufSource::FindString(std::string_view key) const {
  return file_.FindString(KeyName(key));
}
std::optional<std::vector<std::string_view>> GgufSource::FindStrings(std::string_view key) const {
  const std::vector<std::string_view>* strings = file_.FindStrings(KeyName(key));
  if (strings == nullptr) return std::nullopt;
  return *strings;
}

std::optional<SourceWeight> GgufSource::FindWeight(std::string_view weight_name) const {
  const TensorView* tensor = file_.FindTensor(weight_name);
  if (tensor == nullptr) return std::nullopt;
  return SourceWeight{tensor, StoredAs::kSame};
}

std::string GgufSource::WeightName(std::string_view weight_name) const {
  return std::string(weight_name);
}

std::optional<size_t> GgufSource::NumTokens() const {
  const std::vector<std::string_view>* tokens = file_.FindStrings("tokenizer.ggml.tokens");
  if (tokens == nullptr) return std::nullopt;
  return tokens->size();
}

std::string_view HuggingFaceSource::PathOf(std::string_view key) const {
  std::string_view first;
  for (const HuggingFaceNames::Key& row : names_.keys) {
    if (row.ours != key) continue;
    if (folder_.config().Find(row.theirs) != nullptr) return row.theirs;
    if (first.empty()) first = row.theirs;
  }
  return first;
}

// A key without a row has the empty path, which names nothing: members of config.json have names.
std::optional<int64_t> HuggingFaceSource::FindInt(std::string_view key) const {
  return folder_.config().FindInt(PathOf(key));
}
std::optional<double> HuggingFaceSource::FindFloat(std::string_view key) const {
  return folder_.config().FindFloat(PathOf(key));
}
std::optional<bool> HuggingFaceSource::FindBool(std::string_view key) const {
  return folder_.config().FindBool(PathOf(key));
}
std::optional<std::string_view> HuggingFaceSource::FindString(std::string_view key) const {
  return folder_.config().FindString(PathOf(key));
}
std::optional<std::vector<std::string_view>> HuggingFaceSource::FindStrings(
    std::string_view key) const {
  return folder_.config().FindStrings(PathOf(key));
}

std::string HuggingFaceSource::KeyName(std::string_view key) const {
  const std::string_view path = PathOf(key);
  return std::string(path.empty() ? key : path) + " of config.json";
}

namespace {

struct NameParts {
  std::string stem;         // "blk.#.attn_q"
  std::string_view layer;   // "3", empty where there is none
  std::string_view suffix;  // ".weight"
};

// Takes "blk.3.attn_q.weight" apart: the first run of digits between dots is the layer.
NameParts TakeApart(std::string_view name) {
  NameParts parts;
  for (const std::string_view suffix : {std::string_view(".weight"), std::string_view(".bias")}) {
    if (!name.ends_with(suffix)) continue;
    parts.suffix = suffix;
    name.remove_suffix(suffix.size());
    break;
  }
  for (size_t begin = name.find('.'); begin != std::string_view::npos;) {
    const size_t end = name.find_first_not_of("0123456789", begin + 1);
    if (end != std::string_view::npos && end > begin + 1 && name[end] == '.') {
      parts.layer = name.substr(begin + 1, end - begin - 1);
      parts.stem = std::string(name.substr(0, begin + 1)) + "#" + std::string(name.substr(end));
      return parts;
    }
    begin = name.find('.', begin + 1);
  }
  parts.stem = name;
  return parts;
}

std::string PutTogether(std::string_view theirs, const NameParts& parts) {
  std::string name;
  for (const char c : theirs) {
    if (c == '#') {
      name += parts.layer;
    } else {
      name += c;
    }
  }
  return name + std::string(parts.suffix);
}

}  // namespace

// Calls `visit(name, stored)` with each name that the weight may have, until it returns false.
template <typename Visitor>
void HuggingFaceSource::ForEachName(std::string_view weight_name, Visitor visit) const {
  const NameParts parts = TakeApart(weight_name);
  for (const HuggingFaceNames::Weight& row : names_.weights) {
    if (row.ours != parts.stem) continue;
    const std::string name = PutTogether(row.theirs, parts);
    const StoredAs stored = parts.suffix == ".bias" ? StoredAs::kSame : row.stored;
    if (!visit(name, stored)) return;
    for (const std::string_view prefix : names_.prefixes) {
      if (!visit(std::string(prefix) + name, stored)) return;
    }
  }
}

std::optional<SourceWeight> HuggingFaceSource::FindWeight(std::string_view weight_name) const {
  std::optional<SourceWeight> found;
  ForEachName(weight_name, [&](const std::string& name, StoredAs stored) {
    if (const TensorView* tensor = folder_.FindTensor(name)) {
      found = SourceWeight{tensor, stored};
    } else if (const std::string_view reason = folder_.WhyUnusable(name); !reason.empty()) {
      throw ModelError("model folder '" + folder_.name() + "': tensor " + Quoted(name) + " " +
                       std::string(reason) + ", which cannot be computed with");
    }
    return !found;
  });
  return found;
}

std::string HuggingFaceSource::WeightName(std::string_view weight_name) const {
  std::string first;
  std::string there;
  ForEachName(weight_name, [&](const std::string& name, StoredAs) {
    if (first.empty()) first = name;
    if (folder_.FindTensor(name) != nullptr) there = name;
    return there.empty();
  });
  if (!there.empty()) return there;
  return first.empty() ? std::string(weight_name) : first;
}

}  // namespace rowmill
