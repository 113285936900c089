#include "engine/fingerprint.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownBytes = 80;
constexpr size_t kShownHashDigits = 16;
constexpr size_t kEdgeBytes = size_t{1} << 20;

bool IsUtf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

std::optional<std::string> FromHex(const std::string& digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const size_t high = kDigits.find(digits[i]);
    const size_t low = kDigits.find(digits[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string ToHex(const std::string& bytes) {
  return Hex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

Json ValueToJson(const std::string& value) {
  if (IsUtf8(value)) return value;
  return Json{{"hex", ToHex(value)}};
}

std::optional<std::string> ValueFromJson(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object() && json.size() == 1 && json.contains("hex") && json["hex"].is_string()) {
    return FromHex(json["hex"].get<std::string>());
  }
  return std::nullopt;
}

std::string Shown(const std::optional<std::string>& value) {
  if (!value.has_value()) return "not there";
  if (value->size() > kShownBytes) {
    return std::to_string(value->size()) + " bytes with SHA-256 " +
           Sha256Hex(AsBytes(*value)).substr(0, kShownHashDigits) + "...";
  }
  return Json(*value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void HashText(Sha256& hash, const std::string& text) {
  const std::string size = std::to_string(text.size()) + ":";
  hash.Update(AsBytes(size));
  hash.Update(AsBytes(text));
}

void HashRange(Sha256& hash, File& file, uint64_t offset, size_t size) {
  std::vector<std::byte> bytes(size);
  bytes.resize(file.ReadAt(offset, bytes));
  hash.Update(bytes);
}

}  // namespace

void Fingerprint::Add(std::string name, std::string value) {
  CHECK(Find(name) == nullptr);
  CHECK(IsUtf8(name));
  entries_.push_back({std::move(name), std::move(value)});
}

const std::string* Fingerprint::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

std::string Fingerprint::Digest() const {
  std::vector<Entry> sorted = entries_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  Sha256 hash;
  for (const Entry& entry : sorted) {
    HashText(hash, entry.name);
    HashText(hash, entry.value);
  }
  return Hex(hash.Finish());
}

uint64_t Fingerprint::Identity() const {
  uint64_t identity = 0;
  const std::optional<std::string> bytes = FromHex(Digest().substr(0, 16));
  for (const char c : bytes.value()) identity = identity << 8 | static_cast<uint8_t>(c);
  return identity;
}

std::string Fingerprint::ToJson() const {
  Json entries = Json::array();
  for (const Entry& entry : entries_) {
    Json pair = Json::array();
    pair.push_back(entry.name);
    pair.push_back(ValueToJson(entry.value));
    entries.push_back(std::move(pair));
  }
  Json json;
  json["entries"] = std::move(entries);
  json["sha256"] = Digest();
  return json.dump(2);
}

Fingerprint Fingerprint::FromJson(std::string_view text, const std::string& where) {
  const DataError damaged("'" + where +
                          "' is damaged: it no longer says what job the finished rows belong to; "
                          "restore it, or start over with --force-new");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("entries") || !json["entries"].is_array()) throw damaged;
  Fingerprint fingerprint;
  for (const Json& pair : json["entries"]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string()) throw damaged;
    std::string name = pair[0].get<std::string>();
    std::optional<std::string> value = ValueFromJson(pair[1]);
    if (!value.has_value() || fingerprint.Find(name) != nullptr) throw damaged;
    fingerprint.Add(std::move(name), std::move(*value));
  }
  // One comparison finds a wrong digest, keys that nobody wrote and any other change of a byte.
  if (fingerprint.ToJson() != text) throw damaged;
  return fingerprint;
}

std::vector<FingerprintDifference> CompareFingerprints(const Fingerprint& was,
                                                       const Fingerprint& is) {
  std::vector<FingerprintDifference> differences;
  for (const Fingerprint::Entry& entry : is.entries()) {
    const std::string* old = was.Find(entry.name);
    if (old == nullptr) {
      differences.push_back({entry.name, std::nullopt, entry.value});
    } else if (*old != entry.value) {
      differences.push_back({entry.name, *old, entry.value});
    }
  }
  for (const Fingerprint::Entry& entry : was.entries()) {
    if (is.Find(entry.name) == nullptr) {
      differences.push_back({entry.name, entry.value, std::nullopt});
    }
  }
  return differences;
}

std::string DescribeDifference(const FingerprintDifference& difference) {
  return difference.name + ": was " + Shown(difference.was) + ", is " + Shown(difference.is);
}

void AddInputIdentity(Fingerprint& fingerprint, const std::string& name, FileSystem& file_system,
                      const std::string& path) {
  const std::unique_ptr<File> file = file_system.Open(path, OpenMode::kRead);
  const FileInfo info = file->Info();
  Sha256 hash;
  HashRange(hash, *file, 0, kEdgeBytes);
  if (info.size > kEdgeBytes) {
    // The last MiB, or what of it the first does not hold already.
    const uint64_t begin = std::max<uint64_t>(info.size - kEdgeBytes, kEdgeBytes);
    HashRange(hash, *file, begin, static_cast<size_t>(info.size - begin));
  }
  fingerprint.Add(name + ".path", path);
  fingerprint.Add(name + ".size", std::to_string(info.size));
  fingerprint.Add(name + ".mtime", std::to_string(info.mtime_ns));
  fingerprint.Add(name + ".edges", Hex(hash.Finish()));
}

namespace {

// Of so many files each has entries of its own, so that a difference names the file.
constexpr size_t kMostNamedFiles = 64;

void AddFiles(Fingerprint& fingerprint, const std::string& name, FileSystem& file_system,
              const std::vector<std::string>& paths) {
  std::string all;
  for (size_t i = 0; i < paths.size(); ++i) {
    Fingerprint one;
    AddInputIdentity(one, name + "." + std::to_string(i + 1), file_system, paths[i]);
    for (const Fingerprint::Entry& entry : one.entries()) {
      all += entry.name + "=" + entry.value + "\n";
      if (paths.size() <= kMostNamedFiles) fingerprint.Add(entry.name, entry.value);
    }
  }
  fingerprint.Add(name + ".files", std::to_string(paths.size()));
  if (paths.size() > kMostNamedFiles) {
    fingerprint.Add(name + ".files.sha256", Sha256Hex(AsBytes(all)));
  }
}

}  // namespace

void AddSource(Fingerprint& fingerprint, const std::string& name, FileSystem& file_system,
               const SourceOptions& source) {
  const std::string& path = source.input.path;
  if (!source.paths.empty()) {
    AddFiles(fingerprint, name, file_system, source.paths);
  } else if (!source.input.files.patterns.empty()) {
    fingerprint.Add(name + ".path", path);
    const std::string list = ListFilesAsJsonl(file_system, source.input.files);
    fingerprint.Add(name + ".files", Sha256Hex(AsBytes(list)));
  } else if (path == "-" || file_system.Info(path).kind == FileInfo::Kind::kOther) {
    fingerprint.Add(name + ".path", path);
  } else {
    AddInputIdentity(fingerprint, name, file_system, path);
  }
  if (source.format) fingerprint.Add(name + ".format", std::string(FormatName(*source.format)));
  if (source.delimiter) fingerprint.Add(name + ".delimiter", std::string(1, *source.delimiter));
  fingerprint.Add(name + ".header", source.header == HeaderMode::kNone ? "off" : "on");
}

}  // namespace rowmill
