// The emulation itself, against sums written out from the manual's definition.
#include "unit/kernels/emulated_tiles.h"

#include <vector>

#include "gtest/gtest.h"

namespace rowmill::kernels {
namespace {

TileConfig SmallConfig() {  // 3 x 8 by 8 x 5
  TileConfig config;
  config.rows[0] = 3;
  config.row_bytes[0] = 20;
  config.rows[1] = 3;
  config.row_bytes[1] = 8;
  config.rows[2] = 2;
  config.row_bytes[2] = 20;
  return config;
}

TEST(EmulatedTilesTest, AddsProductsOfSignedBytes) {
  ConfigureTiles(SmallConfig());
  int8_t a[3][32], b[2][64];
  for (int m = 0; m < 3; ++m) {
    for (int k = 0; k < 32; ++k) a[m][k] = static_cast<int8_t>(m * 67 + k * 41 - 128);
  }
  for (int k = 0; k < 2; ++k) {
    for (int n = 0; n < 64; ++n) b[k][n] = static_cast<int8_t>(k * 91 + n * 29 - 128);
  }
  int32_t sums[3][5];
  for (int m = 0; m < 3; ++m) {
    for (int n = 0; n < 5; ++n) sums[m][n] = 1000 * m + n;
  }
  LoadTile<0>(sums, sizeof(sums[0]));
  LoadTile<1>(a, sizeof(a[0]));
  LoadTile<2>(b, sizeof(b[0]));
  AddProducts<0, 1, 2>();
  int32_t result[3][5];
  StoreTile<0>(result, sizeof(result[0]));
  ReleaseTiles();
  for (int m = 0; m < 3; ++m) {
    for (int n = 0; n < 5; ++n) {
      int expected = sums[m][n];
      for (int k = 0; k < 8; ++k) expected += a[m][k] * b[k / 4][4 * n + k % 4];
      EXPECT_EQ(result[m][n], expected) << m << ", " << n;
    }
  }
}

void Configure(int tile, uint8_t rows) {
  TileConfig config = SmallConfig();
  config.rows[tile] = rows;
  ConfigureTiles(config);
}

void MultiplyUnequalDepths() {
  Configure(2, 3);  // the first operand has inputs for two
  AddProducts<0, 1, 2>();
}

void ClearTileWithoutRows() {
  Configure(0, 3);
  ClearTile<3>();
}

TEST(EmulatedTilesDeathTest, WhatTheProcessorRefusesEndsTheTest) {
  EXPECT_DEATH(ClearTile<0>(), "");  // not configured
  EXPECT_DEATH(ClearTileWithoutRows(), "");
  EXPECT_DEATH(MultiplyUnequalDepths(), "");
  EXPECT_DEATH(Configure(0, 17), "");
}

}  // namespace
}  // namespace rowmill::kernels
