// Gives a unit the rows of a plan, sub-task by sub-task.
#pragma once

#include <optional>
#include <utility>

#include "engine/execution_unit.h"
#include "engine/planner.h"
#include "engine/scheduler.h"

namespace rowmill {

// Makes `row` the row of that number, as the plan has it.
inline void FillUnitRow(const Plan& plan, uint64_t number, UnitRow& row) {
  const RowEntry& entry = plan.rows[number];
  row.row = number;
  row.digest = entry.digest;
  row.prefix_node = entry.prefix_node;
  row.num_scored = entry.num_scored;
  row.path = plan.paths.Get(number);
  row.cost = entry.cost;
  plan.rows.GetTokens(number, row.tokens);
}

class PlannedRowFeed : public RowFeed {
 public:
  // Plan and scheduler outlive the feed.
  PlannedRowFeed(const Plan& plan, Scheduler& scheduler, size_t unit)
      : plan_(plan), scheduler_(scheduler), unit_(unit) {}

  bool Next(UnitRow& row) override {
    if (next_ == sub_task_.rows.size()) {
      std::optional<SubTask> sub_task = scheduler_.Next(unit_);
      if (!sub_task) return false;
      sub_task_ = std::move(*sub_task);
      next_ = 0;
    }
    FillUnitRow(plan_, sub_task_.rows[next_++], row);
    return true;
  }

 private:
  const Plan& plan_;
  Scheduler& scheduler_;
  size_t unit_;
  SubTask sub_task_;
  size_t next_ = 0;
};

}  // namespace rowmill
