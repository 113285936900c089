#include "engine/sub_task.h"

#include "base/check.h"

namespace rowmill {

SubTask CutSubTask(std::span<const uint64_t> order, const RowCosts& costs, uint64_t target_tokens) {
  CHECK(!order.empty());
  SubTask task;
  task.prefix_node = costs.PrefixNodeOf(order.front());
  uint32_t node = task.prefix_node;
  for (const uint64_t row : order) {
    const uint64_t tokens = costs.TokensOf(row);
    if (!task.rows.empty()) {
      if (task.tokens + tokens > target_tokens) break;
      if (costs.PrefixNodeOf(row) != node && task.tokens >= target_tokens / 2) break;
    }
    node = costs.PrefixNodeOf(row);
    task.rows.push_back(row);
    task.tokens += tokens;
  }
  return task;
}

}  // namespace rowmill
