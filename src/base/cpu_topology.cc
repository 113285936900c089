#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "base/cgroup.h"
#include "base/cpu.h"

namespace rowmill {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "model name" of /proc/cpuinfo on x86; ARM kernels give numbers there, so the board's name is
// next.
std::string ModelName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  std::string board = FirstLine("/sys/firmware/devicetree/base/model");
  if (!board.empty() && board.back() == '\0') board.pop_back();
  return board.empty() ? "unknown" : board;
}

// The distinct cores behind `cpus`: hyper-threads of one core name the same list of siblings.
int CountPhysicalCores(const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const std::string siblings = FirstLine(folder + "thread_siblings_list");
    cores.insert(siblings.empty() ? "cpu " + std::to_string(cpu) : siblings);
  }
  return static_cast<int>(cores.size());
}

int CountNumaNodes(const std::vector<int>& cpus) {
  int num_nodes = 0;
  for (const int node : ParseCpuList(FirstLine("/sys/devices/system/node/online"))) {
    const std::vector<int> node_cpus = ParseCpuList(
        FirstLine("/sys/devices/system/node/node" + std::to_string(node) + "/cpulist"));
    const bool holds_one = std::any_of(cpus.begin(), cpus.end(), [&node_cpus](int cpu) {
      return std::binary_search(node_cpus.begin(), node_cpus.end(), cpu);
    });
    if (holds_one) ++num_nodes;
  }
  return std::max(num_nodes, 1);
}

uint64_t MachineMemoryBytes() {
  struct sysinfo info = {};
  if (sysinfo(&info) != 0) return 0;
  return static_cast<uint64_t>(info.totalram) * info.mem_unit;
}

}  // namespace

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  // The kernel refuses a mask that is shorter than its own, whose length it does not tell.
  for (int num_cpus = 1024; num_cpus <= (1 << 20); num_cpus *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(
        CPU_ALLOC(static_cast<size_t>(num_cpus)), [](cpu_set_t* set) { CPU_FREE(set); });
    const size_t mask_bytes = CPU_ALLOC_SIZE(static_cast<size_t>(num_cpus));
    if (mask == nullptr) break;
    CPU_ZERO_S(mask_bytes, mask.get());
    if (sched_getaffinity(0, mask_bytes, mask.get()) != 0) continue;
    for (int cpu = 0; cpu < num_cpus; ++cpu) {
      if (CPU_ISSET_S(static_cast<size_t>(cpu), mask_bytes, mask.get())) cpus.push_back(cpu);
    }
    break;
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

std::vector<int> ParseCpuList(std::string_view list) {
  constexpr int kMaxCpus = 1 << 20;
  std::vector<int> numbers;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at < end) {
    int first = 0;
    auto [after_first, error] = std::from_chars(at, end, first);
    if (error != std::errc() || first < 0 || first >= kMaxCpus) break;
    at = after_first;
    int last = first;
    if (at < end && *at == '-') {
      const auto [after_last, last_error] = std::from_chars(at + 1, end, last);
      if (last_error != std::errc() || last < first || last >= kMaxCpus) break;
      at = after_last;
    }
    for (int number = first; number <= last; ++number) numbers.push_back(number);
    if (at < end && *at != ',') break;
    ++at;
  }
  return numbers;
}

CpuTopology DetectCpuTopology() {
  CpuTopology topology;
  topology.model_name = ModelName();
  topology.online_cpus = static_cast<int>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 1L));
  const std::vector<int> cpus = AllowedCpus();
  topology.allowed_cpus = static_cast<int>(cpus.size());
  topology.physical_cores = CountPhysicalCores(cpus);
  topology.numa_nodes = CountNumaNodes(cpus);
  const CgroupLimits limits = ReadCgroupLimits("");
  topology.cgroup_quota = limits.cpus;
  topology.memory_bytes = MachineMemoryBytes();
  if (limits.memory_bytes > 0 && limits.memory_bytes < topology.memory_bytes) {
    topology.memory_bytes = limits.memory_bytes;
  }
  topology.usable_cores = topology.physical_cores;
  if (limits.cpus > 0 && limits.cpus < topology.physical_cores) {
    topology.usable_cores = std::max(static_cast<int>(std::ceil(limits.cpus)), 1);
  }
  return topology;
}

}  // namespace rowmill
