// Gives a unit the rows of a plan, sub-task by sub-task.
#pragma once

#include <optional>
#include <utility>

#include "engine/execution_unit.h"
#include "engine/planner.h"
#include "engine/scheduler.h"

namespace rowmill {

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
    row.row = sub_task_.rows[next_++];
    row.digest = plan_.rows[row.row].digest;
    row.prefix_node = plan_.rows[row.row].prefix_node;
    row.num_scored = plan_.rows[row.row].num_scored;
    row.path = plan_.paths.Get(row.row);
    row.cost = plan_.rows[row.row].cost;
    plan_.rows.GetTokens(row.row, row.tokens);
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
