#include "data/file_list.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "data/format.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

// Deeper than any archive of photos; what lies below is not searched.
constexpr size_t kMaxDepth = 64;

bool HasWildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

bool IsFolder(FileSystem& file_system, const std::string& path) {
  try {
    return file_system.Info(path).kind == FileInfo::Kind::kFolder;
  } catch (const IoError&) {  // Gone, or a link to nothing: no folder, at any rate.
    return false;
  }
}

std::string Joined(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// The parts of a path between slashes; an absolute path has an empty first part.
std::vector<std::string> PartsOf(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t slash = path.find('/', begin);
    const std::string part = path.substr(begin, slash - begin);
    if (!part.empty() || begin == 0) parts.push_back(part);
    if (slash == std::string::npos) return parts;
    begin = slash + 1;
  }
}

// Part by part: what matches the parts so far, which are folders but for the last.
std::vector<std::string> Match(FileSystem& file_system, const std::string& pattern) {
  const std::vector<std::string> parts = PartsOf(pattern);
  std::vector<std::string> found = {""};
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    std::vector<std::string> next;
    for (const std::string& folder : found) {
      if (i == 0 && parts[i].empty()) {
        next.emplace_back("/");
        continue;
      }
      if (!HasWildcard(parts[i])) {
        const std::string path = Joined(folder, parts[i]);
        // What a wildcard before it led to need not have it.
        if (file_system.Exists(path)) next.push_back(path);
        continue;
      }
      const std::string place = folder.empty() ? "." : folder;
      if (!IsFolder(file_system, place)) continue;
      for (const std::string& name : file_system.List(place)) {
        if (fnmatch(parts[i].c_str(), name.c_str(), FNM_PERIOD | FNM_NOESCAPE) != 0) continue;
        const std::string path = Joined(folder, name);
        if (is_last || IsFolder(file_system, path)) next.push_back(path);
      }
    }
    found = std::move(next);
  }
  return found;
}

struct OpenFolder {
  std::string path;
  size_t depth = 0;
};

// All files below a folder. A link that leads back up is a folder again, and is cut off by its
// depth; so that it does not give its files many times over, a folder is entered once.
std::vector<std::string> Search(FileSystem& file_system, const std::string& folder,
                                const std::vector<std::string>& suffixes) {
  std::vector<std::string> found;
  std::vector<OpenFolder> open = {{folder, 0}};
  std::vector<std::pair<uint64_t, uint64_t>> entered;
  while (!open.empty()) {
    const OpenFolder at = open.back();
    open.pop_back();
    const FileInfo info = file_system.Info(at.path);
    const std::pair<uint64_t, uint64_t> identity = {info.device, info.inode};
    const auto place = std::lower_bound(entered.begin(), entered.end(), identity);
    if (place != entered.end() && *place == identity) continue;
    entered.insert(place, identity);
    for (const std::string& name : file_system.List(at.path)) {
      if (name.starts_with('.')) continue;
      const std::string path = Joined(at.path, name);
      // A file's suffix is believed, which saves a system call for each of a million files.
      if (!suffixes.empty() && HasSuffix(name, suffixes)) {
        found.push_back(path);
      } else if (IsFolder(file_system, path)) {
        if (at.depth < kMaxDepth) open.push_back({path, at.depth + 1});
      } else if (suffixes.empty()) {
        found.push_back(path);
      }
    }
  }
  return found;
}

bool IsOf(const std::string& path, const std::string& output) {
  const std::string ours = std::filesystem::absolute(output).lexically_normal();
  const std::string found = std::filesystem::absolute(path).lexically_normal();
  if (ours.ends_with('/')) return found.starts_with(ours);
  return found == ours || found.starts_with(ours + ".");
}

}  // namespace

bool HasSuffix(std::string_view name, const std::vector<std::string>& suffixes) {
  if (suffixes.empty()) return true;
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string suffix(name.substr(dot));
  for (char& c : suffix) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end();
}

std::vector<std::string> ListFiles(FileSystem& file_system, const FilePatterns& files) {
  std::vector<std::string> paths;
  for (const std::string& pattern : files.patterns) {
    std::vector<std::string> found;
    // A file may have a * in its name; what is there wins.
    const bool is_pattern = HasWildcard(pattern) && !file_system.Exists(pattern);
    if (is_pattern) {
      found = Match(file_system, pattern);
      if (found.empty()) throw UsageError("no file matches '" + pattern + "'");
    } else if (IsFolder(file_system, pattern)) {
      found = Search(file_system, pattern, files.suffixes);
      if (found.empty()) {
        std::string list;
        for (const std::string& suffix : files.suffixes) list += " " + suffix;
        throw UsageError("the folder '" + pattern + "' holds no file" +
                         (list.empty() ? "" : " with one of the endings" + list));
      }
    } else {
      found = {pattern};
    }
    if (!files.output.empty()) {
      std::erase_if(found, [&](const std::string& path) { return IsOf(path, files.output); });
    }
    std::sort(found.begin(), found.end());
    paths.insert(paths.end(), std::make_move_iterator(found.begin()),
                 std::make_move_iterator(found.end()));
  }
  return paths;
}

bool IsOneFile(FileSystem& file_system, const std::vector<std::string>& inputs) {
  const std::string& first = inputs.front();
  const bool is_pattern = HasWildcard(first) && !file_system.Exists(first);
  return inputs.size() == 1 && !is_pattern && !IsFolder(file_system, first);
}

DataFiles ListDataFiles(FileSystem& file_system, const DataInputs& named) {
  if (named.inputs.empty()) return {};
  if (IsOneFile(file_system, named.inputs)) return {named.inputs, {}};
  if (std::find(named.inputs.begin(), named.inputs.end(), "-") != named.inputs.end()) {
    throw UsageError("standard input ('-') cannot be one of several files");
  }
  FilePatterns files;
  files.suffixes = {".jsonl", ".ndjson", ".json-lines", ".csv",     ".tsv",
                    ".tab",   ".txt",    ".gz",         ".parquet", ".zst"};
  files.output = named.output == "-" ? "" : named.output;
  DataFiles found;
  for (const std::string& input : named.inputs) {
    files.patterns = {input};
    const bool must_tell = !named.format_is_given && IsFolder(file_system, input);
    for (std::string& path : ListFiles(file_system, files)) {
      const bool is_data = !must_tell || HasDataSuffix(path);
      (is_data ? found.paths : found.passed_over).push_back(std::move(path));
    }
  }
  if (found.paths.empty()) {
    throw UsageError("there is no data file but the output itself in " +
                     DescribeFiles({named.inputs, {}, ""}) +
                     (found.passed_over.empty()
                          ? ""
                          : "; the name '" + found.passed_over.front() +
                                "' does not tell the format: call it .jsonl.gz and the like, or "
                                "say --format"));
  }
  return found;
}

std::string ListFilesAsJsonl(FileSystem& file_system, const FilePatterns& files) {
  std::string text;
  for (const std::string& path : ListFiles(file_system, files)) {
    text += "{\"path\":";
    AppendJsonString(path, text);
    text += "}\n";
  }
  return text;
}

std::string DescribeFiles(const FilePatterns& files) {
  if (files.patterns.empty()) return "";
  const std::string& first = files.patterns.front();
  if (files.patterns.size() == 1) return first;
  return first + " and " + std::to_string(files.patterns.size() - 1) + " more";
}

}  // namespace rowmill
