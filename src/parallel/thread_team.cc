#include "parallel/thread_team.h"

#include <system_error>

#include "base/check.h"

namespace rowmill {

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
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::ParallelFor(size_t num_tasks, FunctionRef<void(size_t, size_t)> body) {
  if (threads_.empty()) {
    for (size_t task = 0; task < num_tasks; ++task) body(task, 0);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    body_ = &body;
    num_tasks_ = num_tasks;
    next_task_.store(0, std::memory_order_relaxed);
    num_running_ = threads_.size();
    error_ = nullptr;
    ++generation_;
  }
  start_.notify_all();
  RunTasks(0);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return num_running_ == 0; });
  body_ = nullptr;
  if (error_) std::rethrow_exception(error_);
}

void ThreadTeam::WorkerLoop(size_t worker) {
  size_t seen_generation = 0;
  while (true) {
    {
      // Waiting blocks rather than spins: a spinning thread takes the core from a neighbour, and on
      // a shared machine from the very thread it waits for.
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen_generation; });
      if (stopping_) return;
      seen_generation = generation_;
    }
    RunTasks(worker);
    std::lock_guard lock(mutex_);
    if (--num_running_ == 0) finished_.notify_one();
  }
}

void ThreadTeam::RunTasks(size_t worker) noexcept {
  try {
    while (true) {
      const size_t task = next_task_.fetch_add(1, std::memory_order_relaxed);
      if (task >= num_tasks_) return;
      (*body_)(task, worker);
    }
  } catch (...) {
    next_task_.store(num_tasks_, std::memory_order_relaxed);  // The others stop at their next task.
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

}  // namespace rowmill
