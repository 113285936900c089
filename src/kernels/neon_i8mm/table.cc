#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(neon_i8mm)

namespace rowmill::kernels {

// Only the integer product differs from neon: every CPU that runs this runs the rest.
const KernelTable& NeonI8mmTable() {
  static const KernelTable kTable = [] {
    KernelTable table = NeonTable();
    table.isa = Isa::kNeonI8mm;
    table.name = "neon_i8mm";
    table.description = "NEON with 8-bit dot and matrix products (FEAT_DotProd, FEAT_I8MM)";
    table.gemm_blocks = neon_i8mm::GemmBlocks;
    return table;
  }();
  return kTable;
}

}  // namespace rowmill::kernels
