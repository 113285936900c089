// A team of threads that work on one loop at a time: fork-join inside an execution unit. A team of
// one is the normal case and runs everything inline, without a barrier or an atomic.
//
// A forward pass of one token is some 200 loops of a few microseconds each, far less than waking a
// sleeping thread takes. So threads spin between loops, but only for kSpinTime: one that finds
// nothing to do by then sleeps, and costs its neighbours nothing. The caller waits for tasks, not
// for threads: a thread that a neighbour keeps off its core and that holds no task is not missed.
//
// What it is not: a queue of tasks or a pool for the process; only engine/ makes teams, one per
// unit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/function_ref.h"

namespace rowmill {

class ThreadTeam {
 public:
  // The caller's thread is one of the `num_threads`. Throws ResourceError where threads cannot be
  // started.
  explicit ThreadTeam(size_t num_threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  size_t num_threads() const { return threads_.size() + 1; }

  // Calls body(task, worker) once for each task in [0, num_tasks), worker in [0, num_threads), and
  // waits for all of them. Tasks are taken dynamically, so body must not care which worker gets
  // which. The first exception is rethrown after all tasks have stopped. Not reentrant.
  void ParallelFor(size_t num_tasks, FunctionRef<void(size_t task, size_t worker)> body);

 private:
  void EndThreads();
  void WorkerLoop(size_t worker);
  void RunTasks(uint32_t loop, size_t worker) noexcept;
  uint32_t GiveUpRest(uint32_t loop, uint32_t num_tasks) noexcept;

  std::vector<std::thread> threads_;
  // The loop's number in the upper half, its next task in the lower: a thread that comes late
  // cannot take a task of another loop than it looked at.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  std::atomic<uint32_t> num_tasks_{0};
  std::atomic<const FunctionRef<void(size_t, size_t)>*> body_{nullptr};
  alignas(64) std::atomic<uint32_t> loop_{0};  // what sleeping workers wait for
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<uint32_t> num_done_{0};
  std::mutex error_mutex_;
  std::exception_ptr error_;  // the first of the current loop
};

}  // namespace rowmill
