// Allocates sub-tasks to execution units by one of three strategies (design, section 1). All give
// the same bytes; they differ in how evenly the units are busy.
//
// What it is not: a thread. Units come and ask; whoever asks under `stealing` gets the next piece
// of one shared queue.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_array.h"
#include "engine/sub_task.h"

namespace rowmill {

// N: the rows that must run, in input order: without duplicates, rows with no prompt, and rows
// that an earlier run has finished. Counting those would give units different amounts of work,
// which is what both static strategies are there to avoid.
enum class AllocationStrategy : uint8_t {
  // One queue in the plan's order: rows of a prefix together, longest first. The default.
  kStealing,
  // Each unit gets floor(N / units) consecutive rows, the last one the remainder as well.
  kEqual,
  // Each unit gets consecutive rows of about equal cost: each bound is within half a row of where
  // it should be.
  kLength,
};
std::string_view Name(AllocationStrategy strategy);

struct ScheduleOptions {
  AllocationStrategy strategy = AllocationStrategy::kStealing;
  size_t num_units = 1;
  uint64_t batch_tokens = 256;         // budget of one step of a unit
  uint32_t decode_tokens_per_row = 0;  // see RowCosts
};

// `rows` and the tree must outlive it and stay as they are.
class Scheduler {
 public:
  // `folder`: for a scratch file.
  Scheduler(const RowTable& rows, const PrefixTree& tree, const ScheduleOptions& options,
            const std::string& folder);

  // The next sub-task of this unit, or nullopt where there is none left (or after Stop).
  // Thread-safe. Ask again as soon as there is room in the batch, not when the last sub-task is
  // done.
  std::optional<SubTask> Next(size_t unit);
  // Makes every later Next return nullopt: --max-errors, a signal, a failed unit.
  void Stop();

  // What `unit` was allocated before the run: its own rows, or all rows under kStealing.
  uint64_t RowsAllocatedTo(size_t unit) const;
  uint64_t TokensAllocatedTo(size_t unit) const;
  uint64_t rows_handed_out() const;

 private:
  struct Queue {
    std::span<const uint64_t> rows;  // not handed out yet
    uint64_t tokens = 0;             // their costs
    uint64_t allocated_rows = 0;
    uint64_t allocated_tokens = 0;
  };

  void AllocateToUnits(const RowTable& rows, std::span<const uint64_t> order);
  std::vector<uint64_t> EqualBounds(const RowTable& rows, uint64_t num_rows) const;
  std::vector<uint64_t> LengthBounds(const RowTable& rows, uint64_t num_tokens) const;
  size_t QueueOf(size_t unit) const;
  uint64_t TargetTokens(const Queue& queue) const;

  RowCosts costs_;
  ScheduleOptions options_;
  MappedArray<uint64_t> allocated_;  // the plan's order, stably parted by unit; unused by kStealing
  mutable std::mutex mutex_;
  std::vector<Queue> queues_;  // one per unit, or the one that is shared
  uint64_t num_sub_tasks_ = 0;
  uint64_t rows_handed_out_ = 0;
  bool stopped_ = false;
};

}  // namespace rowmill
