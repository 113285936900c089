#include "kernels/amx/tiles.h"
#include "kernels/isa_functions.h"
// The tile instructions come first: the body is written over their names.
#include "kernels/amx/gemm-inl.h"

ROWMILL_DECLARE_KERNELS(amx)
ROWMILL_DECLARE_KERNELS(avx512_vnni)

namespace rowmill::kernels::amx {

// Fewer rows than a tile has are VNNI's: the bits are the same.
void GemmBlocks(const BlockGemmArgs& args) {
  if (args.m < kTileRows) return avx512_vnni::GemmBlocks(args);
  MultiplyOnTiles(args);
}

}  // namespace rowmill::kernels::amx
