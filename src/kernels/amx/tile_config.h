// The 64 bytes that LDTILECFG reads (Intel SDM volume 2A): how many rows each tile has, and how
// many bytes a row has. Palette 1 has eight tiles of up to 16 rows of up to 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowmill::kernels {
namespace {

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

}  // namespace
}  // namespace rowmill::kernels
