// Rows for an execution unit that lie in memory, and their outcomes by row: for tests of what a
// unit computes, without a plan, a scheduler or a journal.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "engine/execution_unit.h"
#include "engine/row_table.h"

namespace rowmill::testing {

// A prompt of whose tokens the last ones are scored.
struct ScoredPrompt {
  std::vector<int32_t> tokens;
  uint32_t num_scored = 0;
};

class RowsInMemory final : public RowFeed, public OutcomeSink {
 public:
  explicit RowsInMemory(const std::vector<std::vector<int32_t>>& prompts)
      : outcomes_(prompts.size()) {
    for (const std::vector<int32_t>& tokens : prompts) prompts_.push_back({tokens, 0});
  }
  explicit RowsInMemory(std::vector<ScoredPrompt> prompts)
      : prompts_(std::move(prompts)), outcomes_(prompts_.size()) {}

  bool Next(UnitRow& row) override {
    if (next_ == prompts_.size()) return false;
    const ScoredPrompt& prompt = prompts_[next_];
    row = {next_, DigestOfTokens(prompt.tokens), prompt.tokens, PrefixStore::kNoNode,
           prompt.num_scored};
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
  std::vector<ScoredPrompt> prompts_;
  std::vector<UnitOutcome> outcomes_;
  size_t next_ = 0;
};

}  // namespace rowmill::testing
