#include "engine/machine_entries.h"

#include "base/cpu.h"

namespace rowmill {

std::vector<std::pair<std::string, std::string>> MachineEntries() {
  const CpuTopology machine = DetectCpuTopology();
  return {{"cpu", machine.model_name},
          {"usable_cores", std::to_string(machine.usable_cores)},
          {"online_cpus", std::to_string(machine.online_cpus)},
          {"numa_nodes", std::to_string(machine.numa_nodes)},
          {"memory_bytes", std::to_string(machine.memory_bytes)}};
}

}  // namespace rowmill
