// attend, attend_finish and store_kv: every table against scalar bit by bit, and scalar against a
// softmax in double precision.
#include <algorithm>
#include <cmath>

#include "base/float16.h"
#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

struct Segment {
  AlignedBuffer<uint16_t> keys, values;
  size_t num_blocks;
};

Segment RandomSegment(Random& random, size_t num_blocks, size_t head_dim) {
  Segment segment = {AlignedBuffer<uint16_t>(num_blocks * 32 * head_dim),
                     AlignedBuffer<uint16_t>(num_blocks * 32 * head_dim), num_blocks};
  for (uint16_t& key : segment.keys.span()) key = F32ToF16(random.Unit());
  for (uint16_t& value : segment.values.span()) value = F32ToF16(random.Unit());
  return segment;
}

struct Visible {
  std::vector<uint32_t> begin, end;
};

// The kinds of visibility that models have, and any at all.
enum class Shape : uint8_t { kAll, kCausal, kWindow, kAny };

Visible RandomVisible(Random& random, size_t num_rows, size_t num_keys, Shape shape) {
  Visible visible;
  const size_t first_row = random.Below(num_keys);
  for (size_t row = 0; row < num_rows; ++row) {
    size_t begin = 0, end = num_keys;
    if (shape == Shape::kCausal || shape == Shape::kWindow) {
      end = std::min(num_keys, first_row + row / 3 + 1);
      if (shape == Shape::kWindow) begin = end > 20 ? end - 20 : 0;
    } else if (shape == Shape::kAny) {
      begin = random.Below(num_keys + 1);
      end = random.Below(num_keys + 1);
    }
    visible.begin.push_back(static_cast<uint32_t>(begin));
    visible.end.push_back(static_cast<uint32_t>(end));
  }
  return visible;
}

class States {
 public:
  States(size_t num_rows, size_t head_dim)
      : stride_(head_dim + kStateExtra + 1), data_(num_rows * stride_ + 1, 0.0f) {
    for (size_t row = 0; row < num_rows; ++row) {
      pointers_.push_back(data_.data() + 1 + row * stride_);
      pointers_.back()[head_dim + 16] = -std::numeric_limits<float>::infinity();
    }
  }
  float* const* pointers() { return pointers_.data(); }
  const std::vector<float>& data() const { return data_; }

 private:
  size_t stride_;
  std::vector<float> data_;
  std::vector<float*> pointers_;
};

std::vector<const float*> RowPointers(const std::vector<float>& x, size_t num_rows,
                                      size_t head_dim) {
  std::vector<const float*> rows;
  for (size_t row = 0; row < num_rows; ++row) rows.push_back(x.data() + 1 + row * head_dim);
  return rows;
}

void Attend(const KernelTable& table, const Segment& segment, const Visible& visible,
            const std::vector<const float*>& queries, size_t head_dim, States& states) {
  table.attend({segment.keys.data(), segment.values.data(), segment.num_blocks, head_dim,
                queries.size(), queries.data(), states.pointers(), visible.begin.data(),
                visible.end.data()});
}

std::vector<float> Finish(const KernelTable& table, States& states, size_t num_rows,
                          size_t head_dim) {
  std::vector<float> y(num_rows * head_dim + 1);
  std::vector<float*> pointers;
  for (size_t row = 0; row < num_rows; ++row) pointers.push_back(y.data() + 1 + row * head_dim);
  const std::vector<const float*> from(states.pointers(), states.pointers() + num_rows);
  table.attend_finish(from.data(), pointers.data(), num_rows, head_dim);
  return y;
}

class AttentionTest : public KernelTest {};

TEST_P(AttentionTest, EqualsScalarOverSegmentsAndVisibleRanges) {
  const uint64_t seed = 61;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (size_t head_dim : {16, 48, 64, 80, 128, 256}) {
    for (Shape shape : {Shape::kAll, Shape::kCausal, Shape::kWindow, Shape::kAny}) {
      for (size_t num_rows : {1, 2, 3, 5, 8, 13, 27}) {
        std::vector<float> queries = RandomFloats(random, num_rows * head_dim + 1);
        const auto rows = RowPointers(queries, num_rows, head_dim);
        States expected(num_rows, head_dim), actual(num_rows, head_dim);
        const size_t num_segments = 1 + random.Below(3);
        for (size_t s = 0; s < num_segments; ++s) {
          const size_t num_blocks = 1 + random.Below(3);
          const Segment segment = RandomSegment(random, num_blocks, head_dim);
          const size_t num_keys = num_blocks * 32 - random.Below(32);
          const Visible visible = RandomVisible(random, num_rows, num_keys, shape);
          Attend(ScalarTable(), segment, visible, rows, head_dim, expected);
          Attend(table(), segment, visible, rows, head_dim, actual);
          ASSERT_TRUE(SameBits(expected.data(), actual.data()))
              << "d " << head_dim << " rows " << num_rows << " segment " << s << " shape "
              << static_cast<int>(shape);
        }
        EXPECT_TRUE(SameBits(Finish(ScalarTable(), expected, num_rows, head_dim),
                             Finish(table(), actual, num_rows, head_dim)));
      }
    }
  }
}

// Scores that jump by hundreds make rescaling underflow, to -0 too; Inf and NaN must stay in their
// rows.
TEST_P(AttentionTest, EqualsScalarForExtremeScores) {
  Random random(62);
  const size_t head_dim = 32;
  for (int round = 0; round < 40; ++round) {
    const size_t num_rows = 1 + random.Below(20);
    std::vector<float> queries = RandomFloats(random, num_rows * head_dim + 1,
                                              round % 2 == 0 ? Extremes::kNone : Extremes::kAll);
    for (float& q : queries) q *= 50.0f;
    const auto rows = RowPointers(queries, num_rows, head_dim);
    Segment segment = RandomSegment(random, 4, head_dim);
    for (uint16_t& value : segment.values.span()) {
      const size_t kind = random.Below(6);
      if (kind == 0) value = 0x8000;  // -0
      if (kind == 1) value = 0x8001;  // the smallest
      if (kind == 2) value = 0xfbff;  // the largest
    }
    const Visible visible = RandomVisible(random, num_rows, 128, Shape::kAny);
    States expected(num_rows, head_dim), actual(num_rows, head_dim);
    Attend(ScalarTable(), segment, visible, rows, head_dim, expected);
    Attend(table(), segment, visible, rows, head_dim, actual);
    ASSERT_TRUE(SameBits(expected.data(), actual.data())) << "round " << round;
  }
}

TEST_P(AttentionTest, ARowDoesNotDependOnItsBatchNorOnHiddenKeys) {
  Random random(63);
  const size_t head_dim = 64, num_rows = 29;
  const std::vector<float> queries = RandomFloats(random, num_rows * head_dim + 1);
  const auto rows = RowPointers(queries, num_rows, head_dim);
  Segment segment = RandomSegment(random, 4, head_dim);
  for (Shape shape : {Shape::kAll, Shape::kCausal, Shape::kWindow, Shape::kAny}) {
    const Visible visible = RandomVisible(random, num_rows, 120, shape);
    States together(num_rows, head_dim);
    Attend(table(), segment, visible, rows, head_dim, together);
    for (size_t row = 0; row < num_rows; ++row) {
      // Alone, and with every key that it does not see replaced.
      Segment other = RandomSegment(random, 4, head_dim);
      for (size_t key = visible.begin[row]; key < visible.end[row]; ++key) {
        const size_t block = key / 32 * 32 * head_dim, slot = key % 32;
        for (size_t i = 0; i < head_dim; ++i) {
          other.keys[block + i * 32 + slot] = segment.keys[block + i * 32 + slot];
          other.values[block + slot * head_dim + i] = segment.values[block + slot * head_dim + i];
        }
      }
      States alone(1, head_dim);
      const Visible own = {{visible.begin[row]}, {visible.end[row]}};
      Attend(table(), other, own, {rows[row]}, head_dim, alone);
      ASSERT_TRUE(SameBits(alone.pointers()[0], together.pointers()[row], head_dim + kStateExtra))
          << "row " << row;
    }
  }
}

TEST_P(AttentionTest, SeeingNothingChangesNothing) {
  Random random(64);
  const size_t head_dim = 64;
  const std::vector<float> queries = RandomFloats(random, 10 * head_dim + 1);
  const auto rows = RowPointers(queries, 10, head_dim);
  const Segment segment = RandomSegment(random, 2, head_dim);
  States states(10, head_dim);
  const States untouched(10, head_dim);
  const Visible visible = {{0, 5, 64, 63, 7, 0, 32, 31, 64, 1}, {0, 5, 64, 0, 2, 0, 32, 31, 0, 1}};
  Attend(table(), segment, visible, rows, head_dim, states);
  EXPECT_TRUE(SameBits(untouched.data(), states.data()));
}

TEST_P(AttentionTest, AgreesWithSoftmaxInDoublePrecision) {
  Random random(65);
  const size_t num_rows = 7, num_blocks = 5;
  for (size_t head_dim : {64, 128}) {
    std::vector<float> queries = RandomFloats(random, num_rows * head_dim + 1);
    const auto rows = RowPointers(queries, num_rows, head_dim);
    const Segment segment = RandomSegment(random, num_blocks, head_dim);
    const Visible visible = RandomVisible(random, num_rows, num_blocks * 32, Shape::kCausal);
    States states(num_rows, head_dim);
    Attend(table(), segment, visible, rows, head_dim, states);
    const std::vector<float> y = Finish(table(), states, num_rows, head_dim);
    for (size_t row = 0; row < num_rows; ++row) {
      std::vector<double> out(head_dim, 0.0);
      double sum = 0;
      for (size_t key = visible.begin[row]; key < visible.end[row]; ++key) {
        const size_t block = key / 32 * 32 * head_dim, slot = key % 32;
        double score = 0;
        for (size_t i = 0; i < head_dim; ++i) {
          score += static_cast<double>(rows[row][i]) *
                   static_cast<double>(F16ToF32(segment.keys[block + i * 32 + slot]));
        }
        const double p = std::exp(score);
        sum += p;
        for (size_t i = 0; i < head_dim; ++i) {
          out[i] += p * static_cast<double>(F16ToF32(segment.values[block + slot * head_dim + i]));
        }
      }
      for (size_t i = 0; i < head_dim; ++i) {
        const double expected = out[i] / sum;
        EXPECT_NEAR(static_cast<double>(y[1 + row * head_dim + i]), expected,
                    1e-3 * std::max(std::abs(expected), 1e-3));
      }
    }
  }
}

TEST_P(AttentionTest, StoredKeysAndValuesEqualScalar) {
  Random random(66);
  for (size_t head_dim : {16, 64, 80, 256}) {
    AlignedBuffer<uint16_t> keys[2], values[2];
    for (int i = 0; i < 2; ++i) {
      keys[i] = AlignedBuffer<uint16_t>(head_dim * 32);
      values[i] = AlignedBuffer<uint16_t>(head_dim * 32);
    }
    for (size_t slot = 0; slot < 32; ++slot) {
      std::vector<float> key = RandomFloats(random, head_dim + 1, Extremes::kFinite);
      const std::vector<float> value = RandomFloats(random, head_dim + 1, Extremes::kFinite);
      key[1] = 65519.996f;
      key[2] = 65520.0f;
      key[3] = 0x1p-25f;
      key[4] = std::numeric_limits<float>::infinity();
      const KernelTable* tables[2] = {&ScalarTable(), &table()};
      for (int i = 0; i < 2; ++i) {
        tables[i]->store_kv(key.data() + 1, value.data() + 1, head_dim, slot, keys[i].data(),
                            values[i].data());
      }
    }
    EXPECT_TRUE(std::ranges::equal(keys[0].span(), keys[1].span())) << head_dim;
    EXPECT_TRUE(std::ranges::equal(values[0].span(), values[1].span())) << head_dim;
  }
}

INSTANTIATE_TEST_SUITE_P(AllTables, AttentionTest, testing::ValuesIn(TablesToTest()), TableName());

}  // namespace
}  // namespace rowmill::kernels
