// The tile instructions of kernels/amx/tiles.h as plain loops, for machines without them: the
// operations of Intel's SDM volume 2 (LDTILECFG, TILEZERO, TILELOADD, TILESTORED, TDPBSSD,
// TILERELEASE), exact, with what raises #UD there trapping here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tile_config.h"
#include "kernels/generic/inline.h"

namespace rowmill::kernels {
namespace {

struct EmulatedTile {
  unsigned char bytes[16][64];
};

struct EmulatedTiles {
  TileConfig config;
  bool configured = false;
  EmulatedTile tiles[8];
};

// Of one thread, as in the processor.
inline EmulatedTiles& TilesOfThread() {
  static thread_local EmulatedTiles tiles;
  return tiles;
}

inline void Require(bool condition) {
  if (!condition) __builtin_trap();
}

inline EmulatedTile& TileAt(int tile) {
  EmulatedTiles& state = TilesOfThread();
  Require(state.configured && tile >= 0 && tile < 8);
  Require(state.config.rows[tile] > 0 && state.config.row_bytes[tile] > 0);
  return state.tiles[tile];
}

inline void ConfigureTiles(const TileConfig& config) {
  Require(config.palette == 1);
  for (unsigned char byte : config.reserved) Require(byte == 0);
  for (int tile = 0; tile < 16; ++tile) {
    Require(tile < 8 || (config.rows[tile] == 0 && config.row_bytes[tile] == 0));
    Require(config.rows[tile] <= 16 && config.row_bytes[tile] <= 64);
  }
  EmulatedTiles& state = TilesOfThread();
  state.config = config;
  state.configured = true;
  __builtin_memset(state.tiles, 0, sizeof(state.tiles));
}

inline void ReleaseTiles() { TilesOfThread().configured = false; }

template <int kTile>
inline void ClearTile() {
  __builtin_memset(&TileAt(kTile), 0, sizeof(EmulatedTile));
}

// Bytes and rows beyond the configured ones become zero.
template <int kTile>
inline void LoadTile(const void* from, size_t stride) {
  ClearTile<kTile>();
  EmulatedTile& tile = TileAt(kTile);
  const TileConfig& config = TilesOfThread().config;
  for (size_t row = 0; row < config.rows[kTile]; ++row) {
    __builtin_memcpy(tile.bytes[row], static_cast<const char*>(from) + row * stride,
                     config.row_bytes[kTile]);
  }
}

template <int kTile>
inline void StoreTile(void* to, size_t stride) {
  const EmulatedTile& tile = TileAt(kTile);
  const TileConfig& config = TilesOfThread().config;
  for (size_t row = 0; row < config.rows[kTile]; ++row) {
    __builtin_memcpy(static_cast<char*>(to) + row * stride, tile.bytes[row],
                     config.row_bytes[kTile]);
  }
}

template <int kSum, int kA, int kB>
inline void AddProducts() {
  static_assert(kSum != kA && kSum != kB && kA != kB);
  EmulatedTile& sum = TileAt(kSum);
  const EmulatedTile& a = TileAt(kA);
  const EmulatedTile& b = TileAt(kB);
  const TileConfig& config = TilesOfThread().config;
  Require(config.rows[kSum] == config.rows[kA]);
  Require(config.row_bytes[kSum] == config.row_bytes[kB]);
  Require(config.row_bytes[kA] % 4 == 0 && config.row_bytes[kB] % 4 == 0);
  Require(config.row_bytes[kA] / 4 == config.rows[kB]);
  for (size_t m = 0; m < config.rows[kSum]; ++m) {
    int32_t row[16];
    __builtin_memcpy(row, sum.bytes[m], sizeof(row));
    for (size_t k = 0; k < config.rows[kB]; ++k) {
      for (size_t n = 0; n < config.row_bytes[kSum] / 4u; ++n) {
        for (size_t i = 0; i < 4; ++i) {
          row[n] += static_cast<signed char>(a.bytes[m][4 * k + i]) *
                    static_cast<signed char>(b.bytes[k][4 * n + i]);
        }
      }
    }
    __builtin_memcpy(sum.bytes[m], row, sizeof(row));
  }
}

}  // namespace
}  // namespace rowmill::kernels
