// What a report says of the machine that a run had.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rowmill {

// Model of the CPU, usable cores, CPUs, NUMA nodes, memory, as names and values.
std::vector<std::pair<std::string, std::string>> MachineEntries();

}  // namespace rowmill
