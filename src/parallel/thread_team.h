// A team of threads that work on one loop at a time: fork-join inside an execution unit. A team of
// one is the normal case and runs everything inline, without a barrier or an atomic.
//
// What it is not: a queue of tasks or a pool for the process; only engine/ makes teams, one per
// unit.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
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
  // which. The first exception is rethrown after all workers have stopped. Not reentrant.
  void ParallelFor(size_t num_tasks, FunctionRef<void(size_t task, size_t worker)> body);

 private:
  void EndThreads();
  void WorkerLoop(size_t worker);
  void RunTasks(size_t worker) noexcept;

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable finished_;
  size_t generation_ = 0;   // counts the loops; a worker waits for the next one
  size_t num_running_ = 0;  // workers still inside the current loop
  bool stopping_ = false;
  std::exception_ptr error_;  // the first of the current loop
  const FunctionRef<void(size_t, size_t)>* body_ = nullptr;
  size_t num_tasks_ = 0;
  std::atomic<size_t> next_task_{0};
};

}  // namespace rowmill
