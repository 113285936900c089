#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(amx)

namespace rowmill::kernels {

// Only the integer product differs from avx512_vnni: every CPU that runs this runs the rest.
const KernelTable& AmxTable() {
  static const KernelTable kTable = [] {
    KernelTable table = Avx512VnniTable();
    table.isa = Isa::kAmx;
    table.name = "amx";
    table.description = "AMX int8 tiles, beside AVX-512 F, BW, DQ, VL and VNNI";
    table.gemm_blocks = amx::GemmBlocks;
    return table;
  }();
  return kTable;
}

}  // namespace rowmill::kernels
