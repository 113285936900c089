// The numeric recipe's outputs for fixed inputs, as hashes. They hold for every table, compiler,
// optimisation level and CPU; a change here changes the output of every model and must be meant:
// the recipe's version in NumericsName (cli/run_task.h), by which a stopped job notices, goes up
// with it.
#include <cstring>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

// FNV-1a over the bits, so that this golden depends on nothing else of ours.
class Fingerprint {
 public:
  void Add(const void* data, size_t num_bytes) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < num_bytes; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3u;
  }
  void Add(const std::vector<float>& values) { Add(values.data(), values.size() * sizeof(float)); }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

uint64_t HashGemmBlocks(const KernelTable& table) {
  Fingerprint hash;
  Random random(101);
  const size_t m = 19, n = 40, k = 768;
  for (DType dtype : kBlockTypes) {
    const OwnedWeight weight = RandomWeight(random, dtype, n, k);
    const PackedBlockWeight packed = PackBlocks(weight.view);
    const std::vector<float> x = RandomFloats(random, m * k);
    OwnedRows owned(m, k);
    const QuantizedRows rows = owned.rows();
    table.quantize_rows(x.data(), m, k, rows);
    std::vector<float> y(m * n);
    table.gemm_blocks({&packed.blocks, &rows, m, 0, 3, y.data(), n, Store::kAssign});
    hash.Add(rows.codes, m * k);
    hash.Add(owned.scales_);
    hash.Add(y);
  }
  return hash.value();
}

uint64_t HashGemmFloats(const KernelTable& table) {
  Fingerprint hash;
  Random random(102);
  const size_t m = 19, n = 40, k = 301;
  for (DType dtype : kFloatTypes) {
    const OwnedWeight weight = RandomWeight(random, dtype, n, k);
    const PackedFloatWeight packed = PackFloats(weight.view);
    const std::vector<float> x = RandomFloats(random, m * k);
    std::vector<float> y(m * n);
    table.gemm_floats({&packed.floats, x.data(), k, m, 0, 3, y.data(), n, Store::kAssign});
    hash.Add(y);
  }
  return hash.value();
}

uint64_t HashElementwise(const KernelTable& table) {
  Fingerprint hash;
  Random random(103);
  const size_t m = 5, n = 576;
  std::vector<float> x = RandomFloats(random, m * n);
  const std::vector<float> w = RandomFloats(random, m * n);
  std::vector<float> y(m * n);
  table.rms_norm(x.data(), w.data(), y.data(), m, n, 1e-5f);
  hash.Add(y);
  for (float& value : x) value *= 40.0f;
  table.swiglu(x.data(), w.data(), y.data(), m * n);
  hash.Add(y);
  table.gelu_tanh(x.data(), y.data(), m * n);
  hash.Add(y);
  table.geglu_tanh(x.data(), w.data(), y.data(), m * n);
  hash.Add(y);
  table.scale(x.data(), 0.37f, y.data(), m * n);
  hash.Add(y);
  table.rope({x.data(), 9, 64, 64, w.data(), w.data() + 32});
  hash.Add(x);
  const float results[] = {table.max_value(x.data(), m * n),
                           table.sum_exp(x.data(), m * n, table.max_value(x.data(), m * n))};
  hash.Add(results, sizeof(results));
  return hash.value();
}

uint64_t HashAttention(const KernelTable& table) {
  Fingerprint hash;
  Random random(104);
  const size_t num_rows = 21, num_blocks = 4, num_keys = 115;
  for (size_t d : {64, 128}) {
    std::vector<uint16_t> keys(num_blocks * 32 * d), values(num_blocks * 32 * d);
    for (size_t key = 0; key < num_keys; ++key) {
      const std::vector<float> k = RandomFloats(random, d);
      const std::vector<float> v = RandomFloats(random, d);
      const size_t block = key / 32 * 32 * d;
      table.store_kv(k.data(), v.data(), d, key % 32, keys.data() + block, values.data() + block);
    }
    const std::vector<float> queries = RandomFloats(random, num_rows * d);
    std::vector<float> states(num_rows * (d + kStateExtra)), y(num_rows * d);
    std::vector<const float*> query_rows, state_rows;
    std::vector<float*> mutable_states, out_rows;
    std::vector<uint32_t> begin, end;
    for (size_t row = 0; row < num_rows; ++row) {
      query_rows.push_back(queries.data() + row * d);
      mutable_states.push_back(states.data() + row * (d + kStateExtra));
      mutable_states.back()[d + 16] = -std::numeric_limits<float>::infinity();
      state_rows.push_back(mutable_states.back());
      out_rows.push_back(y.data() + row * d);
      end.push_back(static_cast<uint32_t>(num_keys - num_rows / 3 + row / 3));
      begin.push_back(row % 2 == 0 ? 0 : end.back() - 60);
    }
    table.attend({keys.data(), values.data(), num_blocks, d, num_rows, query_rows.data(),
                  mutable_states.data(), begin.data(), end.data()});
    table.attend_finish(state_rows.data(), out_rows.data(), num_rows, d);
    hash.Add(keys.data(), keys.size() * 2);
    hash.Add(states);
    hash.Add(y);
  }
  return hash.value();
}

// What encoders need beside the above.
uint64_t HashEncoder(const KernelTable& table) {
  Fingerprint hash;
  Random random(105);
  const size_t m = 19, n = 384, d = 32, num_keys = 45;
  std::vector<float> x = RandomFloats(random, m * n);
  const std::vector<float> wb = RandomFloats(random, 2 * n);
  std::vector<float> y(m * n);
  table.layer_norm({x.data(), wb.data(), wb.data() + n, y.data(), m, n, 1e-12f});
  hash.Add(y);
  table.add_bias(y.data(), wb.data(), m, n);
  hash.Add(y);
  table.gelu_erf(y.data(), y.data(), m * n);
  hash.Add(y);
  const std::vector<float> keys = RandomFloats(random, 48 * d);
  const std::vector<float> values = RandomFloats(random, num_keys * d);
  std::vector<float> weights(kAttendWholeRows * 48);
  table.attend_whole(
      {x.data(), n, m, keys.data(), values.data(), d, num_keys, d, weights.data(), y.data(), n});
  hash.Add(y);
  return hash.value();
}

// What models of pictures need beside the above.
uint64_t HashConvolution(const KernelTable& table) {
  Fingerprint hash;
  Random random(106);
  struct Shape {
    size_t kernel, stride, pad, in_width, out_width, channels;
  };
  for (const Shape& s : {Shape{3, 1, 1, 14, 14, 96}, Shape{5, 2, 1, 28, 14, 40},
                         Shape{3, 2, 0, 15, 7, 33}, Shape{5, 1, 2, 7, 7, 24}}) {
    const std::vector<float> in = RandomFloats(random, s.kernel * s.in_width * s.channels);
    const std::vector<float> w = RandomFloats(random, s.kernel * s.kernel * s.channels);
    const std::vector<float> b = RandomFloats(random, s.channels);
    std::vector<float> y(s.out_width * s.channels);
    std::vector<const float*> rows;
    for (size_t ky = 0; ky < s.kernel; ++ky)
      rows.push_back(in.data() + ky * s.in_width * s.channels);
    for (const bool is_inside : {true, false}) {
      if (!is_inside) rows.front() = nullptr;
      table.depthwise({rows.data(), w.data(), b.data(), y.data(), s.kernel, s.stride, s.pad,
                       s.in_width, s.out_width, s.channels, 0.0f, 6.0f});
      hash.Add(y);
    }
    table.bias_clamp({y.data(), b.data(), s.out_width, s.channels, -1.0f, 2.0f});
    hash.Add(y);
  }
  return hash.value();
}

class RecipeTest : public KernelTest {};

TEST_P(RecipeTest, GivesTheSameBitsAsEver) {
  EXPECT_EQ(HashGemmBlocks(table()), 0x2e83ff7831b7449cu);
  EXPECT_EQ(HashGemmFloats(table()), 0xa19a99a337e6c5dbu);
  EXPECT_EQ(HashElementwise(table()), 0xde6724c9645cd591u);
  EXPECT_EQ(HashAttention(table()), 0xe27420c8833a7682u);
  EXPECT_EQ(HashEncoder(table()), 0x5e5d34e9daa812a3u);
  EXPECT_EQ(HashConvolution(table()), 0xabbcd6b62810a575u);
}

INSTANTIATE_TEST_SUITE_P(AllTables, RecipeTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
