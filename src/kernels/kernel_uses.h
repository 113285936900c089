// Which instruction set's function a table uses for each operation: what `rowmill doctor` prints,
// and what a test looks at so that no operation falls back to plain loops unnoticed.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace rowmill::kernels {

struct KernelUse {
  std::string operation;  // a member of KernelTable
  std::string types;      // the weight types it serves, or empty where it has none
  std::string isa;        // the name of the table that the function comes from
};

// One entry for each function of the table, in the order of KernelTable. A function that several
// tables share counts as that of the most basic one.
std::vector<KernelUse> KernelUses(const KernelTable& table);

}  // namespace rowmill::kernels
