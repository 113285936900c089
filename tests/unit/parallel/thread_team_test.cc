#include "parallel/thread_team.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(ThreadTeamTest, RefusesATeamOfNobody) { EXPECT_THROW(ThreadTeam(0), InternalError); }

TEST(ThreadTeamTest, ATeamOfOneRunsInOrderOnTheCallersThread) {
  ThreadTeam team(1);
  EXPECT_EQ(team.num_threads(), 1u);
  std::vector<size_t> tasks;
  team.ParallelFor(5, [&](size_t task, size_t worker) {
    EXPECT_EQ(worker, 0u);
    tasks.push_back(task);
  });
  EXPECT_THAT(tasks, testing::ElementsAre(0, 1, 2, 3, 4));
}

// Every task once, by a worker number in range, for teams and loops of many sizes: none, fewer
// tasks than threads, equal, many more.
TEST(ThreadTeamTest, EachTaskRunsOnce) {
  for (const size_t num_threads : {1u, 2u, 3u, 7u}) {
    ThreadTeam team(num_threads);
    EXPECT_EQ(team.num_threads(), num_threads);
    for (const size_t num_tasks : {0u, 1u, 2u, 7u, 8u, 1000u}) {
      std::vector<int> runs(num_tasks, 0);  // not atomic: each is touched by one worker only
      team.ParallelFor(num_tasks, [&](size_t task, size_t worker) {
        ASSERT_LT(worker, num_threads);
        ++runs.at(task);
      });
      EXPECT_THAT(runs, testing::Each(1)) << num_threads << " threads, " << num_tasks << " tasks";
    }
  }
}

// What workers wrote is visible to the caller without atomics, loop after loop, and loops do not
// leak into one another. Many short loops are what a forward pass is made of.
TEST(ThreadTeamTest, ManyRoundsSeeEachOthersWrites) {
  ThreadTeam team(3);
  constexpr size_t kTasks = 8;
  std::vector<uint64_t> values(kTasks, 0);
  for (uint64_t round = 1; round <= 5000; ++round) {
    team.ParallelFor(kTasks, [&](size_t task, size_t) { values[task] += round * (task + 1); });
    ASSERT_EQ(values[kTasks - 1], kTasks * round * (round + 1) / 2) << "round " << round;
  }
  for (size_t task = 0; task < kTasks; ++task) {
    EXPECT_EQ(values[task], (task + 1) * 5000 * 5001 / 2);
  }
}

// Per-worker scratch needs that one worker number is never used by two threads at once within a
// loop.
TEST(ThreadTeamTest, AWorkerNumberBelongsToOneThread) {
  ThreadTeam team(4);
  std::vector<std::set<std::thread::id>> threads_of_worker(4);
  std::mutex mutex;
  for (int round = 0; round < 50; ++round) {
    team.ParallelFor(64, [&](size_t, size_t worker) {
      std::lock_guard lock(mutex);
      threads_of_worker[worker].insert(std::this_thread::get_id());
    });
  }
  // The caller is worker 0, but may find all tasks taken by the others.
  EXPECT_THAT(threads_of_worker[0], testing::Each(std::this_thread::get_id()));
  std::set<std::thread::id> all;
  for (const auto& threads : threads_of_worker) {
    EXPECT_LE(threads.size(), 1u);
    all.insert(threads.begin(), threads.end());
  }
  size_t used = 0;
  for (const auto& threads : threads_of_worker) used += threads.size();
  EXPECT_EQ(all.size(), used);
}

// Tasks are taken dynamically: while one worker is held up, the others do the rest.
TEST(ThreadTeamTest, ASlowTaskDoesNotHoldUpTheOthers) {
  ThreadTeam team(2);
  std::atomic<int> others = 0;
  std::atomic<bool> gave_up = false;
  team.ParallelFor(10, [&](size_t task, size_t) {
    if (task != 0) {
      ++others;
      return;
    }
    for (int i = 0; i < 10'000 && others < 9; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    gave_up = others < 9;
  });
  EXPECT_FALSE(gave_up);
}

TEST(ThreadTeamTest, ExceptionReachesTheCallerAndTheTeamGoesOn) {
  for (const size_t num_threads : {1u, 2u, 4u}) {
    ThreadTeam team(num_threads);
    for (size_t thrower = 0; thrower < 20; ++thrower) {
      SCOPED_TRACE(testing::Message() << num_threads << " threads, task " << thrower);
      try {
        team.ParallelFor(20, [&](size_t task, size_t) {
          if (task == thrower) throw IoError("task " + std::to_string(task));
        });
        ADD_FAILURE() << "no exception";
      } catch (const IoError& error) {
        EXPECT_EQ(error.what(), "task " + std::to_string(thrower));
      }
      std::atomic<int> runs = 0;
      team.ParallelFor(20, [&](size_t, size_t) { ++runs; });
      EXPECT_EQ(runs, 20);
    }
  }
}

// When all workers throw, exactly one of their exceptions arrives, and nobody is still inside the
// body when ParallelFor returns: the body's captures may be gone by then.
TEST(ThreadTeamTest, ManyExceptionsAtOnceGiveOneAndNobodyIsLeftInside) {
  ThreadTeam team(4);
  for (int round = 0; round < 300; ++round) {
    std::atomic<int> inside = 0;
    EXPECT_THROW(team.ParallelFor(100,
                                  [&](size_t, size_t) {
                                    ++inside;
                                    std::this_thread::yield();
                                    --inside;
                                    throw std::runtime_error("each");
                                  }),
                 std::runtime_error);
    EXPECT_EQ(inside, 0);
  }
}

// After an exception the remaining tasks are given up rather than run for nothing.
TEST(ThreadTeamTest, ExceptionStopsTheLoopEarly) {
  ThreadTeam team(2);
  std::atomic<size_t> runs = 0;
  constexpr size_t kTasks = 1'000'000;
  EXPECT_THROW(team.ParallelFor(kTasks,
                                [&](size_t, size_t) {
                                  ++runs;
                                  throw std::runtime_error("stop");
                                }),
               std::runtime_error);
  EXPECT_LE(runs, 2u);
}

// Units each have their own team; a body of one may run a loop of another (nested sizes), never of
// its own.
TEST(ThreadTeamTest, TeamsNest) {
  ThreadTeam outer(3);
  std::vector<uint64_t> sums(3, 0);
  outer.ParallelFor(3, [&](size_t task, size_t) {
    ThreadTeam inner(task + 1);
    std::vector<uint64_t> parts(100, 0);
    for (int round = 0; round < 20; ++round) {
      inner.ParallelFor(100, [&](size_t i, size_t) { parts[i] += i; });
    }
    sums[task] = std::accumulate(parts.begin(), parts.end(), uint64_t{0});
  });
  EXPECT_THAT(sums, testing::Each(20 * 4950));
}

TEST(ThreadTeamTest, TeamsOfDifferentThreadsWorkSideBySide) {
  std::vector<std::jthread> units;
  std::atomic<uint64_t> total = 0;
  for (size_t unit = 0; unit < 3; ++unit) {
    units.emplace_back([&total] {
      ThreadTeam team(2);
      for (int round = 0; round < 200; ++round) {
        team.ParallelFor(10, [&](size_t task, size_t) { total += task; });
      }
    });
  }
  units.clear();
  EXPECT_EQ(total, 3u * 200 * 45);
}

TEST(ThreadTeamTest, StartsAndEndsWithoutWork) {
  for (int round = 0; round < 50; ++round) ThreadTeam team(4);
}

}  // namespace
}  // namespace rowmill
