#include <gtest/gtest.h>

#include "engine/job_run.h"

namespace rowmill {
namespace {

UnitLayout Choose(size_t units, size_t threads, uint64_t rows, UnitChoice choice) {
  JobOptions options;
  options.num_units = units;
  options.threads_per_unit = threads;
  options.unit_choice = choice;
  return ChooseUnits(options, rows);
}

TEST(ChooseUnitsTest, UnitsWithoutRowsGiveTheirThreadsAway) {
  const UnitLayout one = Choose(8, 1, 1, UnitChoice::kByRows);
  EXPECT_EQ(one.num_units, 1u);
  EXPECT_EQ(one.threads_per_unit, 8u);
  const UnitLayout three = Choose(8, 1, 3, UnitChoice::kByRows);
  EXPECT_EQ(three.num_units, 3u);
  EXPECT_EQ(three.threads_per_unit, 2u);
  const UnitLayout none = Choose(2, 2, 0, UnitChoice::kByRows);
  EXPECT_EQ(none.num_units, 1u);
  EXPECT_EQ(none.threads_per_unit, 4u);
}

TEST(ChooseUnitsTest, EnoughRowsOrAFixedNumberChangeNothing) {
  for (const uint64_t rows : {4u, 5u, 1000u}) {
    EXPECT_EQ(Choose(4, 2, rows, UnitChoice::kByRows).num_units, 4u);
    EXPECT_EQ(Choose(4, 2, rows, UnitChoice::kByRows).threads_per_unit, 2u);
  }
  EXPECT_EQ(Choose(4, 2, 1, UnitChoice::kAsAsked).num_units, 4u);
  EXPECT_EQ(Choose(4, 2, 1, UnitChoice::kAsAsked).threads_per_unit, 2u);
}

}  // namespace
}  // namespace rowmill
