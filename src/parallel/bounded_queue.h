// A first-in, first-out queue of bounded size between threads: many producers, many consumers. A
// producer that is faster than the consumer waits (back-pressure), so results in flight cannot grow
// with the number of rows.
//
// What it is not: lock-free. Its traffic is whole rows, thousands per second at most, each of which
// costs a model pass; one uncontended mutex per row is not measurable beside that, and a mutex is
// easy to prove right.
//
// How it ends. Close() says that nothing more comes: pushes are refused, consumers still get what
// is queued. CloseWithError() does the same for a producer that failed: consumers get what is
// queued first, because those rows are done and worth keeping, and then the exception. A consumer
// that fails calls Cancel(), which drops what is queued and frees every producer that waits for
// room. Each end may be called by any thread, any number of times; the first error stays.
//
// Exception safety: all memory is taken by the constructor and elements move without throwing, so
// no call but the constructor can throw anything other than the error that CloseWithError was
// given.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/check.h"

namespace rowmill {

template <typename T>
class BoundedQueue {
  // A move that throws halfway would lose a finished row: neither in the queue nor with its
  // producer.
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);

 public:
  explicit BoundedQueue(size_t capacity) : slots_(capacity) { CHECK(capacity >= 1); }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  size_t capacity() const { return slots_.size(); }

  // Waits for room and appends `item`. Returns false, with `item` destroyed, where the queue is
  // closed: the producer should stop.
  [[nodiscard]] bool Push(T item) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return closed_ || size_ < slots_.size(); });
    if (closed_) return false;
    slots_[(first_ + size_) % slots_.size()].emplace(std::move(item));
    ++size_;
    // The lock is given up before the wake-up, or the woken thread would only wait for it.
    lock.unlock();
    has_items_.notify_one();
    return true;
  }

  // Waits for the oldest element. Returns nullopt once the queue is closed and empty, or throws the
  // error it was closed with, on every call from then on.
  [[nodiscard]] std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    has_items_.wait(lock, [this] { return closed_ || size_ > 0; });
    return TakeOrEnd(lock);
  }

  // Like Pop, but gives up after `timeout`; nullopt then means either, and ended() tells them
  // apart. For a consumer that has something to do by the clock, such as syncing a journal.
  template <typename Rep, typename Period>
  [[nodiscard]] std::optional<T> PopFor(std::chrono::duration<Rep, Period> timeout) {
    std::unique_lock lock(mutex_);
    if (!has_items_.wait_for(lock, timeout, [this] { return closed_ || size_ > 0; })) {
      return std::nullopt;
    }
    return TakeOrEnd(lock);
  }

  // True once no consumer will get anything more: closed and empty.
  bool ended() const {
    std::lock_guard lock(mutex_);
    return closed_ && size_ == 0;
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return size_;
  }

  void Close() { End(nullptr); }
  void CloseWithError(std::exception_ptr error) { End(std::move(error)); }

  void Cancel() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      // Elements are destroyed under the lock: their number is bounded, and a producer must not see
      // room in a slot that is still being emptied.
      for (; size_ > 0; --size_) PopFront();
    }
    WakeAll();
  }

 private:
  void PopFront() {
    slots_[first_].reset();
    first_ = (first_ + 1) % slots_.size();
  }

  std::optional<T> TakeOrEnd(std::unique_lock<std::mutex>& lock) {
    if (size_ == 0) {
      if (error_) std::rethrow_exception(error_);
      return std::nullopt;
    }
    std::optional<T> item(std::move(*slots_[first_]));
    PopFront();
    --size_;
    lock.unlock();
    has_room_.notify_one();
    return item;
  }

  void End(std::exception_ptr error) {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      if (!error_) error_ = std::move(error);
    }
    WakeAll();
  }

  void WakeAll() {
    has_room_.notify_all();
    has_items_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_items_;
  std::vector<std::optional<T>> slots_;  // a ring: `size_` elements from `first_` on
  size_t first_ = 0;
  size_t size_ = 0;
  bool closed_ = false;
  std::exception_ptr error_;  // the first that the queue was closed with
};

}  // namespace rowmill
