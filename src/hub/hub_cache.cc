#include "hub/hub_cache.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"

namespace rowmill {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Empty where there is none or it cannot be read.
std::string ReadSmallFile(const std::string& path) {
  constexpr std::streamsize kMaxBytes = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes, '\0');
  file.read(text.data(), kMaxBytes);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

struct Record {
  std::string commit;
  HubModelFiles model;
};

// What rowmill.json says of a reference. Whatever is wrong with it, it says nothing.
std::optional<Record> ReadRecord(const std::string& path, const std::string& quant) {
  const std::string text = ReadSmallFile(path);
  if (text.empty()) return std::nullopt;
  try {
    const Json root = Json::parse(text);
    const Json& entry = root.at("models").at(quant);
    Record record;
    record.commit = entry.at("commit").get<std::string>();
    record.model.gguf = entry.at("gguf").get<std::string>();
    for (const Json& file : entry.at("files")) {
      record.model.files.push_back({file.at("name").get<std::string>(),
                                    file.at("size").get<uint64_t>(),
                                    file.at("hash").get<std::string>()});
    }
    const bool is_sane = record.commit.size() == 40 && IsSafeFileName(record.commit) &&
                         (record.model.gguf.empty() || IsSafeFileName(record.model.gguf)) &&
                         std::all_of(record.model.files.begin(), record.model.files.end(),
                                     [](const HubFile& file) { return IsSafeFileName(file.name); });
    if (is_sane) return record;
  } catch (const Json::exception&) {
  }
  return std::nullopt;
}

std::string ModelPath(const std::string& snapshot, const HubModelFiles& model) {
  return model.gguf.empty() ? snapshot : snapshot + "/" + model.gguf;
}

}  // namespace

std::string HubCacheFolder() {
  if (const std::string folder = Environment("HF_HUB_CACHE"); !folder.empty()) return folder;
  if (const std::string home = Environment("HF_HOME"); !home.empty()) return home + "/hub";
  if (const std::string cache = Environment("XDG_CACHE_HOME"); !cache.empty()) {
    return cache + "/huggingface/hub";
  }
  const std::string home = Environment("HOME");
  return (home.empty() ? "." : home) + "/.cache/huggingface/hub";
}

std::string HubCache::RepoFolder(const HubReference& reference) const {
  return folder_ + "/models--" + reference.user + "--" + reference.repo;
}

std::string HubCache::BlobPath(const HubReference& reference, const std::string& hash) const {
  return RepoFolder(reference) + "/blobs/" + hash;
}

std::string HubCache::LockPath(const HubReference& reference, const std::string& hash) const {
  return folder_ + "/.locks/models--" + reference.user + "--" + reference.repo + "/" + hash +
         ".lock";
}

std::string HubCache::RecordPath(const HubReference& reference) const {
  return RepoFolder(reference) + "/rowmill.json";
}

std::string HubCache::SnapshotFolder(const HubReference& reference,
                                     const std::string& commit) const {
  return RepoFolder(reference) + "/snapshots/" + commit;
}

bool HubCache::Has(const HubReference& reference, const std::string& commit,
                   const HubFile& file) const {
  std::error_code failure;
  const uint64_t size = fs::file_size(SnapshotFolder(reference, commit) + "/" + file.name, failure);
  return !failure && size == file.size;
}

std::optional<std::string> HubCache::Find(const HubReference& reference) const {
  if (const auto record = ReadRecord(RecordPath(reference), reference.quant)) {
    const bool is_whole =
        std::all_of(record->model.files.begin(), record->model.files.end(),
                    [&](const HubFile& file) { return Has(reference, record->commit, file); });
    if (!is_whole) return std::nullopt;
    return ModelPath(SnapshotFolder(reference, record->commit), record->model);
  }
  return FindInSnapshot(reference);
}

std::optional<std::string> HubCache::FindInSnapshot(const HubReference& reference) const {
  std::string commit = ReadSmallFile(RepoFolder(reference) + "/refs/main");
  while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r')) commit.pop_back();
  if (commit.size() != 40 || !IsSafeFileName(commit)) return std::nullopt;
  const std::string snapshot = SnapshotFolder(reference, commit);
  std::vector<HubFile> files;
  size_t num_ggufs = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator at(snapshot, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    const std::string name = fs::path(at->path()).lexically_relative(snapshot).generic_string();
    if (!IsSafeFileName(name)) continue;
    files.push_back({name, at->file_size(ignored), ""});
    if (name.ends_with(".gguf")) ++num_ggufs;
  }
  // Which of several files a person means cannot be told from those that happen to be here.
  if (reference.quant.empty() && num_ggufs > 1) return std::nullopt;
  std::sort(files.begin(), files.end(),
            [](const HubFile& a, const HubFile& b) { return a.name < b.name; });
  try {
    return ModelPath(snapshot, ChooseModelFiles(reference, files));
  } catch (const ModelError&) {
    return std::nullopt;
  }
}

std::string HubCache::RecordWith(const HubReference& reference, const std::string& commit,
                                 const HubModelFiles& model) const {
  Json root = Json::parse(ReadSmallFile(RecordPath(reference)), nullptr, false);
  if (!root.is_object() || !root.contains("models") || !root["models"].is_object()) {
    root = {{"models", Json::object()}};
  }
  Json files = Json::array();
  for (const HubFile& file : model.files) {
    files.push_back({{"name", file.name}, {"size", file.size}, {"hash", file.hash}});
  }
  root["models"][reference.quant] = {{"commit", commit}, {"gguf", model.gguf}, {"files", files}};
  return root.dump(1) + "\n";
}

std::vector<HubCache::Entry> HubCache::List() const {
  std::vector<Entry> entries;
  std::error_code failure;
  for (fs::directory_iterator at(folder_, failure), end; !failure && at != end;
       at.increment(failure)) {
    constexpr std::string_view kPrefix = "models--";
    const std::string name = at->path().filename();
    const size_t dashes = name.find("--", kPrefix.size());
    if (!name.starts_with(kPrefix) || dashes == std::string::npos) continue;
    HubReference reference;
    reference.user = name.substr(kPrefix.size(), dashes - kPrefix.size());
    reference.repo = name.substr(dashes + 2);
    const Json root = Json::parse(ReadSmallFile(RecordPath(reference)), nullptr, false);
    if (!root.is_object() || !root.contains("models") || !root["models"].is_object()) continue;
    for (const auto& [quant, ignored] : root["models"].items()) {
      reference.quant = quant;
      const auto record = ReadRecord(RecordPath(reference), quant);
      if (!record || !Find(reference)) continue;
      Entry entry{reference.text(), 0};
      for (const HubFile& file : record->model.files) entry.bytes += file.size;
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.reference < b.reference; });
  return entries;
}

std::string ExpectedSha256(const std::string& path) {
  std::error_code failure;
  if (!fs::is_symlink(path, failure) || failure) return "";
  const fs::path target = fs::weakly_canonical(path, failure);
  if (failure || target.parent_path().filename() != "blobs") return "";
  const std::string name = target.filename();
  const bool is_hash = name.size() == 64 && std::all_of(name.begin(), name.end(), [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                       });
  return is_hash ? name : "";
}

}  // namespace rowmill
