#include "engine/input_index.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

// What the index says of rows that become so many inputs each.
void ExpectIndex(const std::vector<uint64_t>& num_inputs, uint64_t first_row) {
  InputIndex index(::testing::TempDir(), first_row);
  uint64_t row = first_row;
  for (const uint64_t count : num_inputs) EXPECT_EQ(index.AddRow(count), row++);
  EXPECT_EQ(index.num_rows(), num_inputs.size());
  EXPECT_EQ(index.end_row(), row);
  uint64_t input = first_row;
  for (size_t i = 0; i < num_inputs.size(); ++i) {
    EXPECT_EQ(index.FirstInput(first_row + i), input) << i;
    EXPECT_EQ(index.NumInputs(first_row + i), num_inputs[i]) << i;
    for (uint64_t n = 0; n < num_inputs[i]; ++n) EXPECT_EQ(index.RowOf(input++), first_row + i);
  }
  EXPECT_EQ(index.end_input(), input);
}

TEST(InputIndexTest, RowsOfOneInputNeedNoStorage) {
  InputIndex index(::testing::TempDir(), 7);
  for (int i = 0; i < 1000; ++i) index.AddRow(1);
  EXPECT_FALSE(index.HasSeveralInputs());
  EXPECT_EQ(index.bytes(), 0u);
  EXPECT_EQ(index.FirstInput(500), 500u);
  EXPECT_EQ(index.RowOf(500), 500u);
  ExpectIndex({1, 1, 1}, 0);
}

TEST(InputIndexTest, FindsTheInputsOfARowAndTheRowOfAnInput) {
  ExpectIndex({3}, 0);
  ExpectIndex({1, 1, 4, 1, 2}, 0);
  ExpectIndex({2, 1, 1, 5, 1}, 40);
}

TEST(InputIndexTest, StoresEightBytesARowFromTheFirstRowOfSeveralOn) {
  InputIndex index(::testing::TempDir(), 0);
  index.AddRow(1);
  EXPECT_EQ(index.bytes(), 0u);
  index.AddRow(2);
  EXPECT_TRUE(index.HasSeveralInputs());
  EXPECT_EQ(index.bytes(), 16u);
  EXPECT_THROW(index.AddRow(0), InternalError);
}

}  // namespace
}  // namespace rowmill
