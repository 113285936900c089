#include "engine/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "base/error.h"
#include "engine/deduplication.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

constexpr AllocationStrategy kStrategies[] = {
    AllocationStrategy::kStealing, AllocationStrategy::kEqual, AllocationStrategy::kLength};

struct TestPlan {
  RowTable rows;
  PrefixTree tree;
};

TestPlan MakePlan(const std::vector<Tokens>& rows) {
  RowTable table(ScratchFolder());
  for (const Tokens& row : rows) table.Add(RowStatus::kOk, row);
  PrefixTree tree = BuildPrefixTree(table, {}, ScratchFolder());
  return {std::move(table), std::move(tree)};
}

// `count` rows of `length` tokens with nothing in common.
std::vector<Tokens> PlainRows(size_t count, size_t length) {
  std::vector<Tokens> rows;
  for (size_t i = 0; i < count; ++i) rows.push_back(Tokens(length, static_cast<int32_t>(i)));
  return rows;
}

std::vector<uint64_t> RowsOfUnit(Scheduler& scheduler, size_t unit) {
  std::vector<uint64_t> rows;
  while (const std::optional<SubTask> task = scheduler.Next(unit)) {
    rows.insert(rows.end(), task->rows.begin(), task->rows.end());
  }
  return rows;
}

std::vector<uint64_t> Sorted(std::vector<uint64_t> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<uint64_t> Range(uint64_t begin, uint64_t end) {
  std::vector<uint64_t> rows;
  for (uint64_t row = begin; row < end; ++row) rows.push_back(row);
  return rows;
}

TEST(SchedulerTest, NamesAreThoseOfTheOption) {
  EXPECT_EQ(Name(AllocationStrategy::kStealing), "stealing");
  EXPECT_EQ(Name(AllocationStrategy::kEqual), "equal");
  EXPECT_EQ(Name(AllocationStrategy::kLength), "length");
}

// The design's example: 1000 rows on 5 threads are 200 rows each.
TEST(SchedulerTest, EqualGivesEachUnitAsManyConsecutiveRows) {
  const TestPlan plan = MakePlan(PlainRows(1000, 3));
  Scheduler scheduler(plan.rows, plan.tree,
                      {.strategy = AllocationStrategy::kEqual, .num_units = 5}, ScratchFolder());
  for (size_t unit = 0; unit < 5; ++unit) {
    EXPECT_EQ(scheduler.RowsAllocatedTo(unit), 200u);
    EXPECT_EQ(scheduler.TokensAllocatedTo(unit), 600u);
    EXPECT_EQ(Sorted(RowsOfUnit(scheduler, unit)), Range(200 * unit, 200 * (unit + 1)));
  }
  EXPECT_EQ(scheduler.rows_handed_out(), 1000u);
}

TEST(SchedulerTest, EqualGivesTheRemainderToTheLastUnit) {
  const auto allocation = [](size_t num_rows, size_t num_units) {
    const TestPlan plan = MakePlan(PlainRows(num_rows, 2));
    Scheduler scheduler(plan.rows, plan.tree,
                        {.strategy = AllocationStrategy::kEqual, .num_units = num_units},
                        ScratchFolder());
    std::vector<size_t> sizes;
    uint64_t next = 0;
    for (size_t unit = 0; unit < num_units; ++unit) {
      const std::vector<uint64_t> rows = Sorted(RowsOfUnit(scheduler, unit));
      EXPECT_EQ(rows, Range(next, next + rows.size()));
      next += rows.size();
      sizes.push_back(rows.size());
    }
    return sizes;
  };
  EXPECT_THAT(allocation(11, 4), ElementsAre(2, 2, 2, 5));
  EXPECT_THAT(allocation(12, 4), ElementsAre(3, 3, 3, 3));
  EXPECT_THAT(allocation(7, 4), ElementsAre(1, 1, 1, 4));
  EXPECT_THAT(allocation(3, 4), ElementsAre(0, 0, 0, 3));
  EXPECT_THAT(allocation(0, 3), ElementsAre(0, 0, 0));
  EXPECT_THAT(allocation(5, 1), ElementsAre(5));
}

TEST(SchedulerTest, LengthGivesEachUnitAsManyTokens) {
  // The first rows are long: halves by rows would be 900 against 100 tokens.
  std::vector<Tokens> rows = PlainRows(20, 10);
  for (size_t i = 0; i < 10; ++i) rows[i].resize(90, static_cast<int32_t>(i));
  const TestPlan plan = MakePlan(rows);
  const ScheduleOptions options = {.strategy = AllocationStrategy::kLength, .num_units = 2};
  Scheduler scheduler(plan.rows, plan.tree, options, ScratchFolder());
  // The middle of 1000 tokens lies in row 5, at 500 of [450, 540): its own middle is before that.
  EXPECT_EQ(scheduler.TokensAllocatedTo(0), 540u);
  EXPECT_EQ(Sorted(RowsOfUnit(scheduler, 0)), Range(0, 6));
  EXPECT_EQ(Sorted(RowsOfUnit(scheduler, 1)), Range(6, 20));
}

TEST(SchedulerTest, LengthIsWithinHalfARowOfTheIdeal) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<Tokens> rows;
    const size_t count = Draw(random, 1, 60);
    for (size_t i = 0; i < count; ++i) {
      rows.push_back(RandomTokens(random, Draw(random, 1, 100), 1'000'000));
    }
    const TestPlan plan = MakePlan(rows);
    const size_t num_units = Draw(random, 1, 9);
    const auto decode_tokens = static_cast<uint32_t>(Draw(random, 0, 50));
    Scheduler scheduler(plan.rows, plan.tree,
                        {.strategy = AllocationStrategy::kLength,
                         .num_units = num_units,
                         .decode_tokens_per_row = decode_tokens},
                        ScratchFolder());
    double total = 0;
    double longest = 0;
    for (const Tokens& row : rows) {
      total += static_cast<double>(row.size() + decode_tokens);
      longest = std::max(longest, static_cast<double>(row.size() + decode_tokens));
    }
    uint64_t next = 0;
    double tokens_so_far = 0;
    for (size_t unit = 0; unit < num_units; ++unit) {
      const std::vector<uint64_t> own = Sorted(RowsOfUnit(scheduler, unit));
      ASSERT_EQ(own, Range(next, next + own.size())) << "consecutive rows";
      next += own.size();
      tokens_so_far += static_cast<double>(scheduler.TokensAllocatedTo(unit));
      EXPECT_NEAR(tokens_so_far,
                  total * static_cast<double>(unit + 1) / static_cast<double>(num_units),
                  longest / 2 + 1);
    }
    EXPECT_EQ(next, count);
  }
}

TEST(SchedulerTest, StealingHandsOutThePlansOrderToWhoeverAsks) {
  std::mt19937_64 random(5);
  const TestPlan plan = MakePlan(RelatedRows(random, 300, 20, 3));
  Scheduler scheduler(plan.rows, plan.tree, {.num_units = 3, .batch_tokens = 50}, ScratchFolder());
  EXPECT_EQ(scheduler.RowsAllocatedTo(2), 300u);
  std::vector<uint64_t> rows;
  uint64_t next_id = 0;
  for (size_t turn = 0;; ++turn) {
    const std::optional<SubTask> task = scheduler.Next(turn % 3);
    if (!task) break;
    EXPECT_EQ(task->id, next_id++);
    EXPECT_EQ(task->prefix_node, plan.rows[task->rows[0]].prefix_node);
    rows.insert(rows.end(), task->rows.begin(), task->rows.end());
  }
  EXPECT_EQ(rows, std::vector<uint64_t>(plan.tree.order.begin(), plan.tree.order.end()));
}

TEST(SchedulerTest, SubTasksAreAFewBatchesAndShrinkTowardsTheEnd) {
  const TestPlan plan = MakePlan(PlainRows(1000, 10));
  Scheduler scheduler(plan.rows, plan.tree, {.num_units = 4, .batch_tokens = 100}, ScratchFolder());
  std::vector<uint64_t> tokens;
  while (const std::optional<SubTask> task = scheduler.Next(0)) tokens.push_back(task->tokens);
  EXPECT_EQ(tokens.front(), 400u);
  EXPECT_EQ(tokens.back(), 10u);
  EXPECT_TRUE(std::is_sorted(tokens.rbegin(), tokens.rend()));
  // Each at most half of a fair share of what was left, unless a single row is more.
  uint64_t left = 10'000;
  for (const uint64_t task : tokens) {
    EXPECT_LE(task, std::max<uint64_t>(10, left / 8));
    left -= task;
  }
  EXPECT_LT(tokens.size(), 100u) << "the last rows must not be all that sub-tasks are";

  // One unit competes with nobody.
  Scheduler alone(plan.rows, plan.tree, {.num_units = 1, .batch_tokens = 100}, ScratchFolder());
  size_t count = 0;
  while (alone.Next(0)) ++count;
  EXPECT_EQ(count, 25u);
}

// A unit's own rows come in the plan's order: prefixes together, longest first.
TEST(SchedulerTest, StaticStrategiesKeepThePlansOrderWithinAUnit) {
  std::mt19937_64 random(6);
  const TestPlan plan = MakePlan(RelatedRows(random, 400, 20, 3));
  std::map<uint64_t, size_t> place;
  for (size_t i = 0; i < plan.tree.order.size(); ++i) place[plan.tree.order[i]] = i;
  for (const AllocationStrategy strategy :
       {AllocationStrategy::kEqual, AllocationStrategy::kLength}) {
    Scheduler scheduler(plan.rows, plan.tree, {.strategy = strategy, .num_units = 3},
                        ScratchFolder());
    for (size_t unit = 0; unit < 3; ++unit) {
      const std::vector<uint64_t> rows = RowsOfUnit(scheduler, unit);
      EXPECT_FALSE(rows.empty());
      for (size_t i = 1; i < rows.size(); ++i) ASSERT_LT(place[rows[i - 1]], place[rows[i]]);
    }
  }
}

TEST(SchedulerTest, StopEndsTheRunForAllUnits) {
  const TestPlan plan = MakePlan(PlainRows(100, 10));
  for (const AllocationStrategy strategy : kStrategies) {
    Scheduler scheduler(plan.rows, plan.tree,
                        {.strategy = strategy, .num_units = 2, .batch_tokens = 10},
                        ScratchFolder());
    EXPECT_TRUE(scheduler.Next(0).has_value());
    scheduler.Stop();
    EXPECT_FALSE(scheduler.Next(0).has_value());
    EXPECT_FALSE(scheduler.Next(1).has_value());
    EXPECT_LT(scheduler.rows_handed_out(), 100u);
  }
}

TEST(SchedulerTest, RefusesAUnitThatDoesNotExist) {
  const TestPlan plan = MakePlan(PlainRows(10, 10));
  for (const AllocationStrategy strategy : kStrategies) {
    Scheduler scheduler(plan.rows, plan.tree, {.strategy = strategy, .num_units = 2},
                        ScratchFolder());
    EXPECT_THROW((void)scheduler.Next(2), InternalError);
  }
}

// The promise of the whole thing: under every strategy each row that must run is handed out exactly
// once, and no other. Random plans with duplicates, rows that cannot run and rows that are
// finished; several units, each a thread that asks when it likes.
TEST(SchedulerTest, EachRowThatMustRunIsHandedOutOnce) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t first_row = seed % 4 == 0 ? 1'000'000 : 0;
    RowTable table(ScratchFolder(), first_row);
    for (const Tokens& row : RelatedRows(random, Draw(random, 1, 300), Draw(random, 1, 30), 3)) {
      switch (Draw(random, 0, 9)) {
        case 0:
          table.Add(RowStatus::kInvalid, {});
          break;
        case 1:
          table.AddFinished(RowStatus::kOk, row);
          break;
        case 2:
          table.Add(RowStatus::kTruncated, row);
          break;
        default:
          table.Add(RowStatus::kOk, row);
      }
    }
    if (seed % 3 != 0) Deduplicate(table, ScratchFolder());
    const PrefixTree tree =
        BuildPrefixTree(table, {.max_nodes = seed % 5 == 0 ? 0u : 4096u}, ScratchFolder());
    std::vector<uint64_t> expected;
    for (uint64_t row = table.first_row(); row < table.end_row(); ++row) {
      const RowEntry& entry = table[row];
      if (entry.runnable() && !entry.finished && entry.representative == row)
        expected.push_back(row);
    }
    for (const AllocationStrategy strategy : kStrategies) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << Name(strategy));
      const ScheduleOptions options = {
          .strategy = strategy,
          .num_units = Draw(random, 1, 5),
          .batch_tokens = Draw(random, 1, 300),
          .decode_tokens_per_row = static_cast<uint32_t>(Draw(random, 0, 20))};
      Scheduler scheduler(table, tree, options, ScratchFolder());
      std::vector<std::vector<uint64_t>> rows(options.num_units);
      {
        std::vector<std::jthread> units;
        for (size_t unit = 0; unit < options.num_units; ++unit) {
          units.emplace_back([&, unit] { rows[unit] = RowsOfUnit(scheduler, unit); });
        }
      }
      std::vector<uint64_t> all;
      uint64_t allocated = 0;
      for (size_t unit = 0; unit < options.num_units; ++unit) {
        all.insert(all.end(), rows[unit].begin(), rows[unit].end());
        if (strategy == AllocationStrategy::kStealing) continue;
        EXPECT_EQ(scheduler.RowsAllocatedTo(unit), rows[unit].size());
        allocated += rows[unit].size();
      }
      EXPECT_EQ(Sorted(all), expected);
      EXPECT_EQ(scheduler.rows_handed_out(), expected.size());
      if (strategy != AllocationStrategy::kStealing) {
        EXPECT_EQ(allocated, expected.size());
      }
    }
  }
}

}  // namespace
}  // namespace rowmill
