// Compiled with AVX-512, see room.cmake: like the sources of an instruction set it includes nothing
// of the standard library.
#if defined(ROWMILL_HAVE_AMX)
#include "unit/kernels/emulated_tiles.h"
// The tile instructions come first: the body is written over their names.
#include "kernels/amx/gemm-inl.h"
#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(avx512_vnni)

namespace rowmill::kernels {

void EmulatedAmxGemmBlocks(const BlockGemmArgs& args);

void EmulatedAmxGemmBlocks(const BlockGemmArgs& args) {
  if (args.m < kTileRows) return avx512_vnni::GemmBlocks(args);
  MultiplyOnTiles(args);
}

}  // namespace rowmill::kernels
#endif
