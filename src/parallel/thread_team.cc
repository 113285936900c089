#include "parallel/thread_team.h"

#include <chrono>
#include <limits>
#include <system_error>

#include "base/check.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than the serial stretches between the loops of a step, shorter than a scheduler's slice.
constexpr std::chrono::microseconds kSpinTime{100};

void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `ready` holds: spins for kSpinTime, then calls sleep() until it does.
template <typename Ready, typename Sleep>
void SpinThenSleep(const Ready& ready, const Sleep& sleep) {
  constexpr int kPausesPerLook = 64;  // so that reading the clock costs little
  const Clock::time_point end = Clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (ready()) return;
      Relax();
    }
  } while (Clock::now() < end);
  while (!ready()) sleep();
}

constexpr uint64_t TicketOf(uint32_t loop) { return uint64_t{loop} << 32; }

}  // namespace

ThreadTeam::ThreadTeam(size_t num_threads) {
  CHECK(num_threads >= 1);
  try {
    for (size_t worker = 1; worker < num_threads; ++worker) {
      threads_.emplace_back([this, worker] { WorkerLoop(worker); });
    }
  } catch (const std::system_error& error) {
    const size_t started = threads_.size() + 1;
    EndThreads();
    throw ResourceError("cannot start thread " + std::to_string(started + 1) + " of " +
                        std::to_string(num_threads) + ": " + error.what() +
                        "; use fewer --units or --threads-per-unit");
  } catch (...) {
    EndThreads();  // no memory for a thread's state; threads that still run would end the process
    throw;
  }
}

ThreadTeam::~ThreadTeam() { EndThreads(); }

void ThreadTeam::EndThreads() {
  stopping_.store(true);
  loop_.fetch_add(1);
  loop_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::ParallelFor(size_t num_tasks, FunctionRef<void(size_t, size_t)> body) {
  if (threads_.empty() || num_tasks <= 1) {
    for (size_t task = 0; task < num_tasks; ++task) body(task, 0);
    return;
  }
  CHECK(num_tasks <= std::numeric_limits<uint32_t>::max());
  const auto count = static_cast<uint32_t>(num_tasks);
  const uint32_t loop = loop_.load(std::memory_order_relaxed) + 1;
  error_ = nullptr;
  // The ticket changes first: a thread that comes late from the last loop and sees the new number
  // of tasks then fails to take one.
  ticket_.store(TicketOf(loop) + count, std::memory_order_relaxed);  // nothing to take yet
  num_done_.store(0, std::memory_order_relaxed);
  num_tasks_.store(count, std::memory_order_release);
  body_.store(&body, std::memory_order_relaxed);
  ticket_.store(TicketOf(loop), std::memory_order_release);
  loop_.store(loop, std::memory_order_release);
  loop_.notify_all();
  RunTasks(loop, 0);
  SpinThenSleep([&] { return num_done_.load(std::memory_order_acquire) == count; },
                [&] {
                  const uint32_t done = num_done_.load(std::memory_order_acquire);
                  if (done != count) num_done_.wait(done, std::memory_order_acquire);
                });
  if (error_) std::rethrow_exception(error_);
}

void ThreadTeam::WorkerLoop(size_t worker) {
  uint32_t seen = 0;
  while (true) {
    SpinThenSleep([&] { return loop_.load(std::memory_order_acquire) != seen; },
                  [&] { loop_.wait(seen, std::memory_order_acquire); });
    if (stopping_.load()) return;
    seen = loop_.load(std::memory_order_acquire);
    RunTasks(seen, worker);
  }
}

void ThreadTeam::RunTasks(uint32_t loop, size_t worker) noexcept {
  while (true) {
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    uint32_t count = 0;
    do {
      if (static_cast<uint32_t>(ticket >> 32) != loop) return;
      count = num_tasks_.load(std::memory_order_acquire);
      if (static_cast<uint32_t>(ticket) >= count) return;
    } while (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                            std::memory_order_acquire));
    // The loop cannot end while this task is not done, so the body is still the loop's.
    uint32_t done = 1;
    try {
      (*body_.load(std::memory_order_relaxed))(static_cast<uint32_t>(ticket), worker);
    } catch (...) {
      done += GiveUpRest(loop, count);
      std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
    if (num_done_.fetch_add(done, std::memory_order_acq_rel) + done == count) {
      num_done_.notify_one();
    }
  }
}

// Takes all tasks that nobody has taken yet; returns how many.
uint32_t ThreadTeam::GiveUpRest(uint32_t loop, uint32_t num_tasks) noexcept {
  const uint64_t none_left = TicketOf(loop) + num_tasks;
  const uint64_t ticket = ticket_.exchange(none_left, std::memory_order_acq_rel);
  return static_cast<uint32_t>(none_left - ticket);
}

}  // namespace rowmill
