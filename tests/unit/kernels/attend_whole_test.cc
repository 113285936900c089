#include <cmath>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class AttendWholeTest : public KernelTest {};

struct Case {
  size_t num_rows, num_keys, head_dim;
};

// Queries, keys, values and their memory, everything one float off alignment.
struct Inputs {
  Inputs(Random& random, const Case& of_shape, Extremes extremes)
      : shape(of_shape),
        queries(RandomFloats(random, shape.num_rows * ldq() + 1, extremes)),
        keys(RandomFloats(random, shape.num_keys * shape.head_dim, extremes)),
        values(RandomFloats(random, shape.num_keys * ldv() + 1, extremes)),
        packed((shape.num_keys + 15) / 16 * 16 * shape.head_dim + 1, 0.0f) {
    for (size_t j = 0; j < shape.num_keys; ++j) {
      for (size_t i = 0; i < shape.head_dim; ++i) {
        packed[1 + (j / 16 * shape.head_dim + i) * 16 + j % 16] = keys[j * shape.head_dim + i];
      }
    }
  }
  size_t ldq() const { return shape.head_dim + 3; }
  size_t ldv() const { return shape.head_dim + 5; }
  size_t ldy() const { return shape.head_dim + 7; }

  std::vector<float> Attend(const KernelTable& table) const {
    std::vector<float> weights(kAttendWholeRows * ((shape.num_keys + 15) / 16 * 16) + 1);
    std::vector<float> y(shape.num_rows * ldy() + 1, 7.0f);
    table.attend_whole({queries.data() + 1, ldq(), shape.num_rows, packed.data() + 1,
                        values.data() + 1, ldv(), shape.num_keys, shape.head_dim,
                        weights.data() + 1, y.data() + 1, ldy()});
    return y;
  }

  Case shape;
  std::vector<float> queries, keys, values, packed;
};

TEST_P(AttendWholeTest, WeighsKeysAsScalarDoes) {
  const uint64_t seed = 67;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t num_keys : {1, 15, 16, 17, 33, 70}) {
      const size_t ld = (num_keys + 15) / 16 * 16 + 3;
      const std::vector<float> scores = RandomFloats(random, 5 * ld + 1, extremes);
      std::vector<float> ours = scores, expected = scores, our_sums(5), expected_sums(5);
      table().weigh_keys(ours.data() + 1, ld, 5, num_keys, our_sums.data());
      ScalarTable().weigh_keys(expected.data() + 1, ld, 5, num_keys, expected_sums.data());
      EXPECT_TRUE(SameBits(ours, expected)) << num_keys;
      EXPECT_TRUE(SameBits(our_sums, expected_sums)) << num_keys;
    }
  }
}

TEST_P(AttendWholeTest, EqualsScalar) {
  const uint64_t seed = 61;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t head_dim : {16, 32, 64, 80}) {
      for (size_t num_keys : {1, 2, 15, 16, 17, 33, 70}) {
        for (size_t num_rows : {1, 2, 3, 5, 7, 12, 25}) {
          const Inputs inputs(random, {num_rows, num_keys, head_dim}, extremes);
          EXPECT_TRUE(SameBits(inputs.Attend(ScalarTable()), inputs.Attend(table())))
              << "rows " << num_rows << " keys " << num_keys << " d " << head_dim;
        }
      }
    }
  }
}

TEST_P(AttendWholeTest, AgreesWithDoublePrecision) {
  Random random(62);
  const Case shape = {9, 45, 32};
  Inputs inputs(random, shape, Extremes::kNone);
  for (float& q : inputs.queries) q *= 2.0f;
  const std::vector<float> y = inputs.Attend(table());
  for (size_t row = 0; row < shape.num_rows; ++row) {
    std::vector<double> p(shape.num_keys);
    double sum = 0;
    for (size_t j = 0; j < shape.num_keys; ++j) {
      double score = 0;
      for (size_t i = 0; i < shape.head_dim; ++i) {
        score += static_cast<double>(inputs.queries[1 + row * inputs.ldq() + i]) *
                 static_cast<double>(inputs.keys[j * shape.head_dim + i]);
      }
      p[j] = std::exp(score);
      sum += p[j];
    }
    for (size_t i = 0; i < shape.head_dim; ++i) {
      double expected = 0;
      for (size_t j = 0; j < shape.num_keys; ++j) {
        expected += p[j] / sum * static_cast<double>(inputs.values[1 + j * inputs.ldv() + i]);
      }
      EXPECT_NEAR(static_cast<double>(y[1 + row * inputs.ldy() + i]), expected, 1e-5);
    }
  }
}

TEST_P(AttendWholeTest, ARowDoesNotDependOnItsCompany) {
  Random random(63);
  const Inputs all(random, {25, 40, 32}, Extremes::kNone);
  const std::vector<float> together = all.Attend(table());
  for (size_t row = 0; row < all.shape.num_rows; ++row) {
    Inputs alone = all;
    alone.shape.num_rows = 1;
    alone.queries.erase(alone.queries.begin() + 1,
                        alone.queries.begin() + 1 + static_cast<ptrdiff_t>(row * all.ldq()));
    const std::vector<float> y = alone.Attend(table());
    EXPECT_TRUE(SameBits(together.data() + 1 + row * all.ldy(), y.data() + 1, 32)) << row;
  }
}

// Row r sees window [num_rows - 1 - r, ...) of one vector by distance.
TEST_P(AttendWholeTest, AddsABiasByDistance) {
  Random random(64);
  for (size_t num_keys : {1, 15, 16, 37}) {
    for (size_t num_rows : {1, 5, 14}) {
      const Inputs inputs(random, {num_rows, num_keys, 32}, Extremes::kNone);
      const std::vector<float> bias = RandomFloats(random, num_rows + num_keys);
      const auto attend = [&](const KernelTable& with, size_t first, size_t count) {
        std::vector<float> weights(kAttendWholeRows * ((num_keys + 15) / 16 * 16));
        std::vector<float> y(count * 32);
        with.attend_whole({inputs.queries.data() + 1 + first * inputs.ldq(), inputs.ldq(), count,
                           inputs.packed.data() + 1, inputs.values.data() + 1, inputs.ldv(),
                           num_keys, 32, weights.data(), y.data(), 32,
                           bias.data() + num_rows - 1 - first, -1});
        return y;
      };
      const std::vector<float> y = attend(table(), 0, num_rows);
      EXPECT_TRUE(SameBits(attend(ScalarTable(), 0, num_rows), y)) << num_keys;
      for (size_t row = 0; row < num_rows; ++row) {
        EXPECT_TRUE(SameBits(attend(table(), row, 1).data(), y.data() + row * 32, 32)) << row;
      }
    }
  }
}

TEST_P(AttendWholeTest, ABiasDecides) {
  // Two keys of equal scores: the second is e^2 times as heavy as the first.
  const std::vector<float> query(16, 0.0f), keys(16 * 16, 0.0f);
  std::vector<float> values(32, 0.0f), weights(kAttendWholeRows * 16), y(16);
  values[0] = 1.0f;
  const float bias[] = {-1.0f, 1.0f};
  table().attend_whole({query.data(), 16, 1, keys.data(), values.data(), 16, 2, 16, weights.data(),
                        y.data(), 16, bias, 0});
  EXPECT_NEAR(static_cast<double>(y[0]), 1.0 / (1.0 + std::exp(2.0)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(AllTables, AttendWholeTest, testing::ValuesIn(TablesToTest()),
                         TableName());

}  // namespace
}  // namespace rowmill::kernels
