// gemm_blocks and gemm_floats of every table against the scalar one, bit by bit.
#include <cmath>

#include "tensor/dequantize.h"
#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

struct BlockCase {
  OwnedWeight weight;
  PackedBlockWeight packed;
  std::vector<float> x;
  OwnedRows rows;
  size_t m;

  BlockCase(Random& random, DType dtype, size_t num_rows, size_t n, size_t k, Extremes extremes)
      : weight(RandomWeight(random, dtype, n, k)),
        packed(PackBlocks(weight.view)),
        x(RandomFloats(random, num_rows * k, extremes)),
        rows(num_rows, k),
        m(num_rows) {
    ScalarTable().quantize_rows(x.data(), num_rows, k, rows.rows());
  }

  // y is one element off alignment and wider than N; what lies beyond N must not change.
  std::vector<float> Run(const KernelTable& table, size_t group_begin, size_t group_end,
                         Store store) {
    const size_t ldy = packed.blocks.n + 3;
    std::vector<float> y(m * ldy + 1);
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i % 17) - 8.0f;
    const QuantizedRows quantized = rows.rows();
    table.gemm_blocks(
        {&packed.blocks, &quantized, m, group_begin, group_end, y.data() + 1, ldy, store});
    return y;
  }
};

struct FloatCase {
  OwnedWeight weight;
  PackedFloatWeight packed;
  std::vector<float> x;
  size_t m, ldx;

  FloatCase(Random& random, DType dtype, size_t num_rows, size_t n, size_t k, Extremes extremes)
      : weight(RandomWeight(random, dtype, n, k)),
        packed(PackFloats(weight.view)),
        x(RandomFloats(random, num_rows * (k + 2) + 1, extremes)),
        m(num_rows),
        ldx(k + 2) {}

  std::vector<float> Run(const KernelTable& table, size_t begin, size_t end, Store store) const {
    const size_t ldy = packed.floats.n + 3;
    std::vector<float> y(m * ldy + 1);
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i % 17) - 8.0f;
    table.gemm_floats({&packed.floats, x.data() + 1, ldx, m, begin, end, y.data() + 1, ldy, store});
    return y;
  }
};

size_t NumGroups(size_t n) { return (n + kGroupChannels - 1) / kGroupChannels; }

size_t SmallestK(DType dtype) { return GetDTypeInfo(dtype).block_elements; }

class GemmTest : public KernelTest {};

TEST_P(GemmTest, BlocksEqualScalarForAllFormatsAndRowCounts) {
  const uint64_t seed = 11;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (DType dtype : kBlockTypes) {
    for (size_t m = 1; m <= 33; ++m) {
      const size_t n = 1 + random.Below(50);
      const size_t k = SmallestK(dtype) * (1 + random.Below(512 / SmallestK(dtype)));
      BlockCase data(random, dtype, m, n, k, Extremes::kNone);
      const Store store = m % 2 == 0 ? Store::kAdd : Store::kAssign;
      EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 0, NumGroups(n), store),
                           data.Run(table(), 0, NumGroups(n), store)))
          << Name(dtype) << " m " << m << " n " << n << " k " << k;
    }
  }
}

TEST_P(GemmTest, BlocksEqualScalarForModelShapes) {
  Random random(12);
  for (DType dtype : kBlockTypes) {
    for (size_t k : {32, 64, 576, 1536}) {
      if (k % SmallestK(dtype) != 0) continue;
      for (size_t m : {1, 7, 70}) {
        const size_t n = 40;
        BlockCase data(random, dtype, m, n, k, Extremes::kNone);
        EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 0, 3, Store::kAssign),
                             data.Run(table(), 0, 3, Store::kAssign)))
            << Name(dtype) << " m " << m << " k " << k;
      }
    }
  }
}

// K beyond what one gathering of scales holds, so that the sum goes on in a second segment.
TEST_P(GemmTest, BlocksEqualScalarForVeryLongRows) {
  Random random(13);
  for (DType dtype : {DType::kQ4_1, DType::kQ8_0, DType::kQ6_K, DType::kQ2_K}) {
    BlockCase data(random, dtype, 25, 18, 256 * 160, Extremes::kNone);
    EXPECT_TRUE(
        SameBits(data.Run(ScalarTable(), 0, 2, Store::kAdd), data.Run(table(), 0, 2, Store::kAdd)))
        << Name(dtype);
  }
}

// More groups than a kernel takes at a time, the last chunk not full.
TEST_P(GemmTest, EqualsScalarOverManyGroups) {
  Random random(21);
  const size_t n = 16 * 61 - 5, m = 14, k = 576;
  for (DType dtype : {DType::kQ4_1, DType::kQ8_0}) {
    BlockCase data(random, dtype, m, n, k, Extremes::kNone);
    EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 1, NumGroups(n), Store::kAssign),
                         data.Run(table(), 1, NumGroups(n), Store::kAssign)))
        << Name(dtype);
  }
  const FloatCase floats(random, DType::kF32, m, 16 * 17 - 3, k, Extremes::kNone);
  EXPECT_TRUE(SameBits(floats.Run(ScalarTable(), 1, 17, Store::kAdd),
                       floats.Run(table(), 1, 17, Store::kAdd)));
}

TEST_P(GemmTest, BlocksEqualScalarForExtremeInputs) {
  Random random(14);
  for (DType dtype : kBlockTypes) {
    for (Extremes extremes : {Extremes::kFinite, Extremes::kAll}) {
      for (size_t m : {1, 5, 13, 24}) {
        BlockCase data(random, dtype, m, 35, 512, extremes);
        EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 0, 3, Store::kAssign),
                             data.Run(table(), 0, 3, Store::kAssign)))
            << Name(dtype) << " m " << m;
      }
    }
  }
}

// The largest codes with the largest inputs of one sign: where 16-bit sums would saturate.
TEST_P(GemmTest, BlocksDoNotSaturate) {
  Random random(15);
  for (DType dtype : kBlockTypes) {
    for (int code_byte : {0x00, 0x7f, 0x80, 0xff}) {
      for (float sign : {1.0f, -1.0f}) {
        BlockCase data(random, dtype, 13, 16, 512, Extremes::kNone);
        const BlockFormat& format = data.packed.blocks.format;
        // Through the file format, so that codes are ones that packing can give.
        for (std::byte& byte : data.weight.bytes) byte = static_cast<std::byte>(code_byte);
        data.packed = PackBlocks(data.weight.view);
        // The scales are now odd (0x7f7f is a NaN); put plain ones in.
        auto* bytes = const_cast<std::byte*>(data.packed.blocks.data);
        const size_t code_bytes = 16u * format.block_k * static_cast<size_t>(format.code_bits) / 8;
        for (size_t b = 0; b < 512u / format.block_k; ++b) {
          std::byte* scales = bytes + b * format.block_bytes() + code_bytes;
          for (size_t i = 0; i < format.block_bytes() - code_bytes; i += 2) {
            scales[i] = std::byte{0};
            scales[i + 1] = std::byte{0x3c};
          }
        }
        for (float& x : data.x) x = sign;
        ScalarTable().quantize_rows(data.x.data(), data.m, 512, data.rows.rows());
        EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 0, 1, Store::kAssign),
                             data.Run(table(), 0, 1, Store::kAssign)))
            << Name(dtype) << " code byte " << code_byte << " sign " << sign;
      }
    }
  }
}

TEST_P(GemmTest, GroupRangesWriteTheirChannelsOnly) {
  Random random(16);
  for (DType dtype : kBlockTypes) {
    const size_t n = 77;
    BlockCase data(random, dtype, 14, n, 512, Extremes::kNone);
    for (size_t begin = 0; begin < NumGroups(n); ++begin) {
      for (size_t end = begin; end <= NumGroups(n); ++end) {
        ASSERT_TRUE(SameBits(data.Run(ScalarTable(), begin, end, Store::kAssign),
                             data.Run(table(), begin, end, Store::kAssign)))
            << Name(dtype) << " groups " << begin << ".." << end;
      }
    }
  }
}

TEST_P(GemmTest, ARowDoesNotDependOnItsBatch) {
  Random random(17);
  for (DType dtype : kBlockTypes) {
    const size_t m = 31, n = 33, k = 512;
    BlockCase batch(random, dtype, m, n, k, Extremes::kFinite);
    const std::vector<float> together = batch.Run(table(), 0, 3, Store::kAssign);
    for (size_t row = 0; row < m; ++row) {
      const QuantizedRows all = batch.rows.rows();
      const QuantizedRows one = {all.codes + row * k, all.scales + row * k / 32,
                                 all.sums + row * k / 16};
      std::vector<float> alone(n);
      table().gemm_blocks({&batch.packed.blocks, &one, 1, 0, 3, alone.data(), n, Store::kAssign});
      ASSERT_TRUE(SameBits(alone.data(), together.data() + 1 + row * (n + 3), n))
          << Name(dtype) << " row " << row;
    }
  }
}

// The scalar table itself: against a product in double precision of the dequantised weights with
// the quantised activations.
TEST(ScalarGemmTest, AgreesWithDoublePrecision) {
  Random random(18);
  for (DType dtype : kBlockTypes) {
    const size_t m = 3, n = 20, k = 512;
    BlockCase data(random, dtype, m, n, k, Extremes::kNone);
    const std::vector<float> y = data.Run(ScalarTable(), 0, 2, Store::kAssign);
    for (size_t channel = 0; channel < n; ++channel) {
      std::vector<float> w(k);
      DequantizeRow(data.weight.view, channel, w);
      for (size_t row = 0; row < m; ++row) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < k; ++i) {
          const double x = static_cast<double>(data.rows.rows().codes[row * k + i]) *
                           static_cast<double>(data.rows.scales_[(row * k + i) / 32]);
          sum += x * static_cast<double>(w[i]);
          magnitude += std::abs(x * static_cast<double>(w[i]));
        }
        EXPECT_NEAR(static_cast<double>(y[1 + row * (n + 3) + channel]), sum, magnitude * 1e-5)
            << Name(dtype);
      }
    }
  }
}

TEST_P(GemmTest, FloatsEqualScalar) {
  Random random(19);
  for (DType dtype : kFloatTypes) {
    for (size_t m = 1; m <= 33; ++m) {
      const size_t n = 1 + random.Below(50);
      const size_t k = 1 + random.Below(200);
      const auto extremes = static_cast<Extremes>(m % 3);
      const FloatCase data(random, dtype, m, n, k, extremes);
      const Store store = m % 2 == 0 ? Store::kAdd : Store::kAssign;
      EXPECT_TRUE(SameBits(data.Run(ScalarTable(), 0, NumGroups(n), store),
                           data.Run(table(), 0, NumGroups(n), store)))
          << Name(dtype) << " m " << m << " n " << n << " k " << k;
    }
    const FloatCase wide(random, dtype, 5, 70, 576, Extremes::kNone);
    EXPECT_TRUE(SameBits(wide.Run(ScalarTable(), 1, 3, Store::kAssign),
                         wide.Run(table(), 1, 3, Store::kAssign)));
  }
}

TEST_P(GemmTest, AFloatRowDoesNotDependOnItsBatch) {
  Random random(20);
  const size_t m = 29, n = 33, k = 100;
  const FloatCase batch(random, DType::kF32, m, n, k, Extremes::kFinite);
  const std::vector<float> together = batch.Run(table(), 0, 3, Store::kAssign);
  for (size_t row = 0; row < m; ++row) {
    std::vector<float> alone(n);
    table().gemm_floats({&batch.packed.floats, batch.x.data() + 1 + row * batch.ldx, batch.ldx, 1,
                         0, 3, alone.data(), n, Store::kAssign});
    ASSERT_TRUE(SameBits(alone.data(), together.data() + 1 + row * (n + 3), n)) << row;
  }
}

INSTANTIATE_TEST_SUITE_P(AllTables, GemmTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
