// The table `amx` with its tile instructions emulated, so that its code is tested on machines
// without tiles. It needs the AVX-512 that folds the sums.
#pragma once

#include "base/cpu.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {

// Null where this build or this CPU has no AVX-512 with VNNI.
const KernelTable* EmulatedAmxTable(const CpuFeatures& features);

// The product itself, for at least 16 rows; in emulated_amx_gemm.cc.
void EmulatedAmxGemmBlocks(const BlockGemmArgs& args);

}  // namespace rowmill::kernels
