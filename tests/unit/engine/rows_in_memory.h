// Rows for an execution unit that lie in memory, and their outcomes by row: for tests of what a
// unit computes, without a plan, a scheduler or a journal.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "engine/execution_unit.h"
#include "engine/row_table.h"

namespace rowmill::testing {

class RowsInMemory final : public RowFeed, public OutcomeSink {
 public:
  explicit RowsInMemory(std::vector<std::vector<int32_t>> prompts)
      : prompts_(std::move(prompts)), outcomes_(prompts_.size()) {}

  bool Next(UnitRow& row) override {
    if (next_ == prompts_.size()) return false;
    row = {next_, DigestOfTokens(prompts_[next_]), prompts_[next_], PrefixStore::kNoNode};
    ++next_;
    return true;
  }
  void Put(UnitOutcome outcome) override { outcomes_[outcome.row] = std::move(outcome); }

  // Runs all of them on one unit.
  const std::vector<UnitOutcome>& Run(ExecutionUnit& unit) {
    const std::atomic<bool> stop{false};
    unit.Run(*this, *this, nullptr, stop);
    return outcomes_;
  }

 private:
  std::vector<std::vector<int32_t>> prompts_;
  std::vector<UnitOutcome> outcomes_;
  size_t next_ = 0;
};

}  // namespace rowmill::testing
