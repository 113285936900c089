#include "parallel/bounded_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

using std::chrono::milliseconds;

// Waits until `done` holds; false after ten seconds. Threads have no signal for "is blocked now",
// so tests that need one poll a state which only grows.
template <typename Condition>
bool Eventually(Condition done) {
  for (int i = 0; i < 10'000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

TEST(BoundedQueueTest, KeepsOrderThroughManyTurnsOfTheRing) {
  BoundedQueue<int> queue(3);
  int next_out = 0;
  for (int in = 0; in < 100; ++in) {
    ASSERT_TRUE(queue.Push(in));
    if (queue.size() == queue.capacity()) {
      ASSERT_EQ(queue.Pop(), next_out++);
      ASSERT_EQ(queue.Pop(), next_out++);
    }
  }
  queue.Close();
  while (const std::optional<int> item = queue.Pop()) EXPECT_EQ(*item, next_out++);
  EXPECT_EQ(next_out, 100);
}

TEST(BoundedQueueTest, RefusesACapacityOfZero) {
  EXPECT_THROW(BoundedQueue<int>(0), InternalError);
}

TEST(BoundedQueueTest, AFullQueueMakesTheProducerWait) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed = 0;
  std::jthread producer([&] {
    for (int i = 0; i < 3; ++i) {
      if (queue.Push(i)) ++pushed;
    }
  });
  ASSERT_TRUE(Eventually([&] { return pushed == 2; }));
  // Not a proof that it blocks, but a queue without a bound would be through in this time.
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(pushed, 2);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.Pop(), 0);
  EXPECT_TRUE(Eventually([&] { return pushed == 3; }));
}

TEST(BoundedQueueTest, CloseKeepsWhatIsQueuedAndRefusesMore) {
  BoundedQueue<int> queue(4);
  ASSERT_TRUE(queue.Push(1));
  ASSERT_TRUE(queue.Push(2));
  queue.Close();
  queue.Close();
  EXPECT_FALSE(queue.Push(3));
  EXPECT_FALSE(queue.ended());
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.PopFor(milliseconds(0)), 2);
  EXPECT_TRUE(queue.ended());
  EXPECT_EQ(queue.Pop(), std::nullopt);
  EXPECT_EQ(queue.PopFor(milliseconds(0)), std::nullopt);
}

TEST(BoundedQueueTest, CloseWakesAWaitingConsumerAndAWaitingProducer) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  ASSERT_TRUE(full.Push(1));
  std::atomic<int> ended = 0;
  std::jthread consumer([&] {
    if (!empty.Pop()) ++ended;
  });
  std::jthread producer([&] {
    if (!full.Push(2)) ++ended;
  });
  std::this_thread::sleep_for(milliseconds(20));
  empty.Close();
  full.Close();
  EXPECT_TRUE(Eventually([&] { return ended == 2; }));
  EXPECT_EQ(full.Pop(), 1);
}

TEST(BoundedQueueTest, ErrorComesAfterWhatWasQueuedAndStays) {
  BoundedQueue<int> queue(4);
  ASSERT_TRUE(queue.Push(1));
  queue.CloseWithError(std::make_exception_ptr(IoError("first")));
  queue.CloseWithError(std::make_exception_ptr(IoError("second")));
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.Pop(), 1);
  for (int i = 0; i < 2; ++i) {
    try {
      (void)queue.Pop();
      FAIL() << "no error";
    } catch (const IoError& error) {
      EXPECT_STREQ(error.what(), "first");
    }
  }
  EXPECT_THROW((void)queue.PopFor(milliseconds(0)), IoError);
}

TEST(BoundedQueueTest, ErrorWakesAWaitingConsumer) {
  BoundedQueue<int> queue(1);
  std::atomic<bool> thrown = false;
  std::jthread consumer([&] {
    try {
      (void)queue.Pop();
    } catch (const std::runtime_error&) {
      thrown = true;
    }
  });
  std::this_thread::sleep_for(milliseconds(20));
  queue.CloseWithError(std::make_exception_ptr(std::runtime_error("unit failed")));
  EXPECT_TRUE(Eventually([&] { return thrown.load(); }));
}

TEST(BoundedQueueTest, CancelDropsWhatIsQueuedAndFreesProducers) {
  auto tracked = std::make_shared<int>(0);
  BoundedQueue<std::shared_ptr<int>> queue(2);
  ASSERT_TRUE(queue.Push(tracked));
  ASSERT_TRUE(queue.Push(tracked));
  std::atomic<bool> refused = false;
  std::jthread producer([&] { refused = !queue.Push(tracked); });
  std::this_thread::sleep_for(milliseconds(20));
  queue.Cancel();
  EXPECT_TRUE(Eventually([&] { return refused.load(); }));
  producer.join();
  EXPECT_EQ(tracked.use_count(), 1);
  EXPECT_TRUE(queue.ended());
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueueTest, PopForGivesUp) {
  BoundedQueue<int> queue(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(queue.PopFor(milliseconds(30)), std::nullopt);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(30));
  EXPECT_FALSE(queue.ended());
}

TEST(BoundedQueueTest, ElementsLeaveNoCopyBehind) {
  auto tracked = std::make_shared<int>(0);
  BoundedQueue<std::shared_ptr<int>> queue(2);
  ASSERT_TRUE(queue.Push(tracked));
  EXPECT_EQ(tracked.use_count(), 2);
  EXPECT_EQ(queue.Pop(), tracked);
  EXPECT_EQ(tracked.use_count(), 1);
}

TEST(BoundedQueueTest, MovesElementsThatCannotBeCopied) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  ASSERT_TRUE(queue.Push(std::make_unique<int>(7)));
  const std::optional<std::unique_ptr<int>> item = queue.Pop();
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(**item, 7);
}

// Every element arrives exactly once, and those of one producer in their order, whatever the sizes.
TEST(BoundedQueueTest, ManyProducersAndConsumersLoseNothing) {
  constexpr int kPerProducer = 3000;
  for (const size_t capacity : {1u, 3u, 64u}) {
    for (const int num_consumers : {1, 3}) {
      SCOPED_TRACE(testing::Message()
                   << "capacity " << capacity << ", consumers " << num_consumers);
      constexpr int kProducers = 4;
      BoundedQueue<uint32_t> queue(capacity);
      std::vector<std::vector<uint32_t>> received(static_cast<size_t>(num_consumers));
      {
        std::vector<std::jthread> consumers;
        for (auto& mine : received) {
          consumers.emplace_back([&queue, &mine] {
            while (const std::optional<uint32_t> item = queue.Pop()) mine.push_back(*item);
          });
        }
        {
          std::vector<std::jthread> producers;
          for (uint32_t p = 0; p < kProducers; ++p) {
            producers.emplace_back([&queue, p] {
              for (uint32_t i = 0; i < kPerProducer; ++i) {
                if (!queue.Push(p << 24 | i)) ADD_FAILURE() << "refused while open";
              }
            });
          }
        }
        queue.Close();
      }
      std::vector<int> seen(kProducers * kPerProducer, 0);
      for (const auto& mine : received) {
        std::vector<int64_t> last(kProducers, -1);
        for (const uint32_t item : mine) {
          const uint32_t producer = item >> 24;
          const uint32_t number = item & 0xffffff;
          EXPECT_GT(static_cast<int64_t>(number), last[producer]);
          last[producer] = number;
          ++seen[producer * kPerProducer + number];
        }
      }
      EXPECT_THAT(seen, testing::Each(1));
    }
  }
}

// Ends that race with traffic: no thread may hang, and a push that was accepted is popped unless
// cancelled.
TEST(BoundedQueueTest, ClosingInTheMiddleOfTrafficHangsNobody) {
  for (int round = 0; round < 200; ++round) {
    BoundedQueue<int> queue(2);
    std::atomic<int> pushed = 0;
    std::atomic<int> popped = 0;
    std::vector<std::jthread> threads;
    for (int p = 0; p < 2; ++p) {
      threads.emplace_back([&] {
        while (queue.Push(1)) ++pushed;
      });
    }
    threads.emplace_back([&] {
      while (queue.Pop()) ++popped;
    });
    while (popped < round % 20) std::this_thread::yield();
    queue.Close();
    threads.clear();
    EXPECT_EQ(pushed, popped) << "round " << round;
  }
}

}  // namespace
}  // namespace rowmill
