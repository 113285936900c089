#include "base/cgroup.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

namespace rowmill {
namespace {

std::string ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// The number at the start of `text`; "max" and "-1", which mean no limit, give nullopt.
std::optional<uint64_t> LeadingNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional<uint64_t>(value) : std::nullopt;
}

// A mounted hierarchy: `root` of it is what `mount_point` shows.
struct Hierarchy {
  std::string mount_point;
  std::string root;
  bool is_version_2 = false;
  std::vector<std::string> controllers;  // version 1 only
};

// Lines are "id parent major:minor root mount-point options [tags] - type source super-options".
std::vector<Hierarchy> MountedHierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : Split(ReadSmallFile(root + "/proc/self/mountinfo"), '\n')) {
    const size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    const std::vector<std::string> before = Split(std::string_view(line).substr(0, separator), ' ');
    const std::vector<std::string> after = Split(std::string_view(line).substr(separator + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    found.push_back({before[4], before[3], after[0] == "cgroup2", Split(after[2], ',')});
  }
  return found;
}

// The folders of a group and of all groups above it, innermost first, as far as the mount shows
// them.
std::vector<std::string> GroupFolders(const std::string& root, const Hierarchy& hierarchy,
                                      std::string_view group) {
  // Inside a container the mount may begin at the container's own group.
  if (hierarchy.root != "/" && group.starts_with(hierarchy.root)) {
    group.remove_prefix(hierarchy.root.size());
  }
  std::vector<std::string> folders;
  while (!group.empty() && group != "/") {
    folders.push_back(root + hierarchy.mount_point + std::string(group));
    group = group.substr(0, group.rfind('/'));
  }
  folders.push_back(root + hierarchy.mount_point);
  return folders;
}

template <typename T>
void Tighten(T& limit, T value) {
  if (value > 0 && (limit == 0 || value < limit)) limit = value;
}

void TightenCpus(CgroupLimits& limits, std::optional<uint64_t> quota,
                 std::optional<uint64_t> period) {
  if (quota && period && *period > 0) {
    Tighten(limits.cpus, static_cast<double>(*quota) / static_cast<double>(*period));
  }
}

void ReadVersion2(const std::string& folder, CgroupLimits& limits) {
  const std::string cpu_max = ReadSmallFile(folder + "/cpu.max");  // "quota period" or "max period"
  const size_t space = cpu_max.find(' ');
  if (space != std::string::npos) {
    TightenCpus(limits, LeadingNumber(cpu_max),
                LeadingNumber(std::string_view(cpu_max).substr(space + 1)));
  }
  Tighten(limits.memory_bytes, LeadingNumber(ReadSmallFile(folder + "/memory.max")).value_or(0));
}

void ReadVersion1(const std::string& folder, const std::vector<std::string>& controllers,
                  CgroupLimits& limits) {
  if (Contains(controllers, "cpu")) {
    TightenCpus(limits, LeadingNumber(ReadSmallFile(folder + "/cpu.cfs_quota_us")),
                LeadingNumber(ReadSmallFile(folder + "/cpu.cfs_period_us")));
  }
  if (Contains(controllers, "memory")) {
    // Without a limit this is the largest page-aligned number, which no machine's memory exceeds.
    constexpr uint64_t kNoLimit = uint64_t{1} << 62;
    const uint64_t bytes =
        LeadingNumber(ReadSmallFile(folder + "/memory.limit_in_bytes")).value_or(0);
    if (bytes < kNoLimit) Tighten(limits.memory_bytes, bytes);
  }
}

}  // namespace

CgroupLimits ReadCgroupLimits(const std::string& root) {
  CgroupLimits limits;
  const std::vector<Hierarchy> hierarchies = MountedHierarchies(root);
  // Lines are "id:controllers:group"; version 2 has the id 0 and no controllers.
  for (const std::string& line : Split(ReadSmallFile(root + "/proc/self/cgroup"), '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controller_list =
        std::string_view(line).substr(first + 1, second - first - 1);
    const std::vector<std::string> controllers = Split(controller_list, ',');
    const std::string_view group = std::string_view(line).substr(second + 1);
    for (const Hierarchy& hierarchy : hierarchies) {
      if (hierarchy.is_version_2 != controller_list.empty()) continue;
      if (!hierarchy.is_version_2 && !Contains(hierarchy.controllers, controllers.front()))
        continue;
      for (const std::string& folder : GroupFolders(root, hierarchy, group)) {
        if (hierarchy.is_version_2) {
          ReadVersion2(folder, limits);
        } else {
          ReadVersion1(folder, controllers, limits);
        }
      }
    }
  }
  return limits;
}

}  // namespace rowmill
