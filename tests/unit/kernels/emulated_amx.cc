#include "unit/kernels/emulated_amx.h"

#include "kernels/isa_functions.h"

namespace rowmill::kernels {

const KernelTable* EmulatedAmxTable(const CpuFeatures& features) {
#if defined(ROWMILL_HAVE_AMX)
  static const KernelTable kTable = [] {
    KernelTable table = AmxTable();
    table.name = "amx_emulated";
    table.gemm_blocks = EmulatedAmxGemmBlocks;
    return table;
  }();
  return features.avx512 && features.avx512_vnni ? &kTable : nullptr;
#else
  (void)features;
  return nullptr;
#endif
}

}  // namespace rowmill::kernels
