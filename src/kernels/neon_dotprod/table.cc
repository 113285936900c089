#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(neon_dotprod)

namespace rowmill::kernels {

// Only the integer product differs from neon: every CPU that runs this runs the rest.
const KernelTable& NeonDotprodTable() {
  static const KernelTable kTable = [] {
    KernelTable table = NeonTable();
    table.isa = Isa::kNeonDotprod;
    table.name = "neon_dotprod";
    table.description = "NEON with dot products (FEAT_DotProd)";
    table.gemm_blocks = neon_dotprod::GemmBlocks;
    return table;
  }();
  return kTable;
}

}  // namespace rowmill::kernels
