#include "engine/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {
namespace {

// A sub-task holds a few batches, so that asking costs nothing beside running, and so few that the
// end of the job is not one unit working off a long list.
constexpr uint64_t kBatchesPerSubTask = 4;

// Calls visit(row) for the rows that must run, in input order.
template <typename Visit>
void ForEachRowToRun(const RowTable& rows, const Visit& visit) {
  for (uint64_t row = rows.first_row(); row < rows.end_row(); ++row) {
    if (rows.MustRun(row)) visit(row);
  }
}

// The unit whose rows, [bounds[unit], bounds[unit + 1]), hold `row`. Bounds may repeat where units
// have no rows.
size_t UnitOf(uint64_t row, const std::vector<uint64_t>& bounds) {
  const auto after = std::upper_bound(bounds.begin(), bounds.end() - 1, row);
  return static_cast<size_t>(after - bounds.begin()) - 1;
}

}  // namespace

std::string_view Name(AllocationStrategy strategy) {
  switch (strategy) {
    case AllocationStrategy::kStealing:
      return "stealing";
    case AllocationStrategy::kEqual:
      return "equal";
    case AllocationStrategy::kLength:
      return "length";
  }
  CHECK(false);
}

Scheduler::Scheduler(const RowTable& rows, const PrefixTree& tree, const ScheduleOptions& options,
                     const std::string& folder)
    : costs_(rows, tree, options.decode_tokens_per_row),
      options_(options),
      allocated_(MappedArray<uint64_t>::InFolder(folder)) {
  CHECK(options.num_units >= 1 && options.batch_tokens >= 1);
  if (options.strategy == AllocationStrategy::kStealing) {
    queues_.resize(1);
    queues_[0].rows = tree.order.span();
  } else {
    queues_.resize(options.num_units);
    AllocateToUnits(rows, tree.order.span());
  }
  for (Queue& queue : queues_) {
    for (const uint64_t row : queue.rows) queue.tokens += costs_.TokensOf(row);
    queue.allocated_rows = queue.rows.size();
    queue.allocated_tokens = queue.tokens;
  }
}

void Scheduler::AllocateToUnits(const RowTable& rows, std::span<const uint64_t> order) {
  std::vector<uint64_t> bounds;
  if (options_.strategy == AllocationStrategy::kEqual) {
    bounds = EqualBounds(rows, order.size());
  } else {
    uint64_t num_tokens = 0;
    for (const uint64_t row : order) num_tokens += costs_.TokensOf(row);
    bounds = LengthBounds(rows, num_tokens);
  }
  CHECK(bounds.size() == options_.num_units + 1);
  // A stable counting sort by unit: which rows a unit gets is decided in input order, and it runs
  // them in the plan's order.
  std::vector<uint64_t> position(options_.num_units + 1, 0);
  for (const uint64_t row : order) ++position[UnitOf(row, bounds) + 1];
  for (size_t unit = 0; unit < options_.num_units; ++unit) position[unit + 1] += position[unit];
  allocated_.Resize(order.size());
  for (size_t unit = 0; unit < options_.num_units; ++unit) {
    queues_[unit].rows =
        allocated_.span().subspan(position[unit], position[unit + 1] - position[unit]);
  }
  for (const uint64_t row : order) allocated_[position[UnitOf(row, bounds)]++] = row;
}

// Bounds are row numbers; those of unit u's rows are [bounds[u], bounds[u + 1]).
std::vector<uint64_t> Scheduler::EqualBounds(const RowTable& rows, uint64_t num_rows) const {
  const uint64_t rows_per_unit = num_rows / options_.num_units;
  std::vector<uint64_t> bounds(options_.num_units + 1, rows.end_row());
  bounds[0] = rows.first_row();
  if (rows_per_unit == 0) {
    // The rule by the letter: nothing for each, the remainder, which is all, to the last.
    std::fill(bounds.begin(), bounds.end() - 1, rows.first_row());
    return bounds;
  }
  uint64_t index = 0;
  ForEachRowToRun(rows, [&](uint64_t row) {
    const uint64_t unit = index / rows_per_unit;
    if (unit < options_.num_units && index % rows_per_unit == 0) bounds[unit] = row;
    ++index;
  });
  return bounds;
}

// A row belongs to the unit in whose share of the tokens its middle lies.
std::vector<uint64_t> Scheduler::LengthBounds(const RowTable& rows, uint64_t num_tokens) const {
  std::vector<uint64_t> bounds(options_.num_units + 1, rows.end_row());
  uint64_t before = 0;
  size_t unit = 0;
  bounds[0] = rows.first_row();
  // floor(num_tokens * u / num_units) without overflow.
  const auto share_begin = [&](size_t u) {
    return num_tokens / options_.num_units * u +
           num_tokens % options_.num_units * u / options_.num_units;
  };
  ForEachRowToRun(rows, [&](uint64_t row) {
    const uint64_t tokens = costs_.TokensOf(row);
    while (unit + 1 < options_.num_units && before + tokens / 2 >= share_begin(unit + 1)) {
      bounds[++unit] = row;
    }
    before += tokens;
  });
  return bounds;
}

size_t Scheduler::QueueOf(size_t unit) const {
  CHECK(unit < options_.num_units);
  return options_.strategy == AllocationStrategy::kStealing ? 0 : unit;
}

uint64_t Scheduler::TargetTokens(const Queue& queue) const {
  const uint64_t most = kBatchesPerSubTask * options_.batch_tokens;
  if (options_.strategy != AllocationStrategy::kStealing || options_.num_units == 1) return most;
  // Guided self-scheduling (Polychronopoulos and Kuck, IEEE Trans. Computers C-36, 1987): towards
  // the end pieces shrink with what is left, so that all units finish at about the same time. Half
  // of a unit's fair share, because rows differ in cost by more than their tokens show.
  return std::min(most, queue.tokens / (2 * options_.num_units));
}

std::optional<SubTask> Scheduler::Next(size_t unit) {
  std::lock_guard lock(mutex_);
  Queue& queue = queues_[QueueOf(unit)];
  if (stopped_ || queue.rows.empty()) return std::nullopt;
  SubTask task = CutSubTask(queue.rows, costs_, TargetTokens(queue));
  task.id = num_sub_tasks_++;
  queue.rows = queue.rows.subspan(task.rows.size());
  queue.tokens -= task.tokens;
  rows_handed_out_ += task.rows.size();
  return task;
}

void Scheduler::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
}

uint64_t Scheduler::RowsAllocatedTo(size_t unit) const {
  return queues_[QueueOf(unit)].allocated_rows;
}

uint64_t Scheduler::TokensAllocatedTo(size_t unit) const {
  return queues_[QueueOf(unit)].allocated_tokens;
}

uint64_t Scheduler::rows_handed_out() const {
  std::lock_guard lock(mutex_);
  return rows_handed_out_;
}

}  // namespace rowmill
