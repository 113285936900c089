// The tile instructions that gemm-inl.h is written with. tests/unit/kernels/emulated_tiles.h has
// the same names as plain loops.
//
// Not the compilers' intrinsics: those of GCC 12 are assembly that does not say what memory it
// reads. _tile_loadconfig names 8 bytes of its 64 and _tile_loadd none, so that stores into the
// configuration or into a panel may be moved behind them or dropped.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tile_config.h"
#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

// Clears all tiles. Of this thread alone.
ROWMILL_INLINE void ConfigureTiles(const TileConfig& config) {
  asm volatile("ldtilecfg %0" : : "m"(config));
}
// Back to the state that costs a context switch nothing.
ROWMILL_INLINE void ReleaseTiles() { asm volatile("tilerelease"); }

template <int kTile>
ROWMILL_INLINE void ClearTile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
// Row i from `from` + i * stride bytes.
template <int kTile>
ROWMILL_INLINE void LoadTile(const void* from, size_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
ROWMILL_INLINE void StoreTile(void* to, size_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
}
// sum[m][n] += a[m][4k + i] * b[k][4n + i] over k and i < 4: signed bytes to 32 bits.
template <int kSum, int kA, int kB>
ROWMILL_INLINE void AddProducts() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace
}  // namespace rowmill::kernels
