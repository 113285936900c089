// Which kernel tables this binary holds, which of them this CPU can run, and which one is used.
#pragma once

#include <string>
#include <vector>

#include "base/cpu.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {

// All tables compiled in that the CPU can run, best first; scalar is always the last.
std::vector<const KernelTable*> AvailableTables(const CpuFeatures& features);
// All tables compiled in, runnable or not.
std::vector<const KernelTable*> CompiledTables();

// The best table, or the one that `isa` names ("auto" or empty: the best). Throws UsageError for a
// name that does not exist and ResourceError for one that this CPU cannot run, listing what it can.
const KernelTable& SelectTable(const CpuFeatures& features, const std::string& isa);

}  // namespace rowmill::kernels
