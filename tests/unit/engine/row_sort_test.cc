#include "engine/row_sort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

// Sorts `rows` with the sorter, and with std::sort over the tokens themselves.
void CheckSort(const std::vector<Tokens>& rows) {
  RowTable table(ScratchFolder());
  auto entries = MappedArray<SortEntry>::InFolder(ScratchFolder());
  std::vector<uint64_t> expected;
  for (const Tokens& row : rows) {
    const uint64_t number = table.Add(RowStatus::kOk, row);
    entries.push_back({.row = number});
    expected.push_back(number);
  }
  std::sort(expected.begin(), expected.end(),
            [&](uint64_t a, uint64_t b) { return std::tie(rows[a], a) < std::tie(rows[b], b); });
  SortByTokens(table, entries, ScratchFolder());
  std::vector<uint64_t> sorted;
  for (const SortEntry& entry : entries) sorted.push_back(entry.row);
  EXPECT_EQ(sorted, expected);
}

TEST(RowSortTest, NoneAndOne) {
  CheckSort({});
  CheckSort({{5}});
}

TEST(RowSortTest, ExtremeIds) {
  CheckSort({{INT32_MAX, 0}, {INT32_MAX}, {0}, {0, 0}, {INT32_MAX, INT32_MAX}, {0, INT32_MAX}});
}

TEST(RowSortTest, EqualRowsKeepTheirOrder) { CheckSort(std::vector<Tokens>(100, Tokens(70, 3))); }

TEST(RowSortTest, EachRowAPrefixOfAnother) {
  std::vector<Tokens> rows;
  for (size_t i = 1; i <= 300; ++i) rows.push_back(Tokens(i * 7 % 307, 2));
  CheckSort(rows);
}

// Groups that part at every offset around the pieces in which common prefixes are measured.
TEST(RowSortTest, CommonPrefixesOfAllLengths) {
  for (size_t common = 0; common < 140; ++common) {
    SCOPED_TRACE(testing::Message() << "common " << common);
    std::vector<Tokens> rows = {
        {9}};  // the first row, with which the others have nothing in common
    for (int32_t i = 0; i < 20; ++i) {
      Tokens row(common + 1, 4);
      row.push_back(i * 7 % 5);
      if (i % 3 == 0) row.resize(common + 1);
      if (i % 5 == 0) row.push_back(1);
      rows.push_back(row);
    }
    CheckSort(rows);
  }
}

TEST(RowSortTest, EqualsStdSortOnRandomRows) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<Tokens> rows = RelatedRows(random, 600, 1 + seed % 50, 1 + seed % 4);
    if (seed % 2 == 0) std::shuffle(rows.begin(), rows.end(), random);
    CheckSort(rows);
  }
}

}  // namespace
}  // namespace rowmill
