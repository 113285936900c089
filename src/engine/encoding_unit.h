// One thread (or a team) that owns whole texts from tokens to vector, for encoders: takes rows from
// the feed until the token budget is used, runs them as one ragged batch and hands on what the task
// keeps of each. The counterpart of ExecutionUnit (decoders), with the same feed, sink, options and
// times; nothing of a text is kept from step to step.
//
// How rows are put together cannot change a bit of any vector (models/encoder.h).
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "engine/execution_unit.h"
#include "models/encoder.h"

namespace rowmill {

class EncodingUnit {
 public:
  EncodingUnit(const Encoder& model, const EncodeSpec& spec, const UnitOptions& options,
               ThreadTeam& team);

  // As ExecutionUnit::Run. A row that is longer than the budget is a batch of its own.
  void Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop);

  const UnitTimes& times() const { return times_; }
  // Each step is told to it; may be null, and outlives the run.
  void SetStepLog(StepLog* log) { step_log_ = log; }
  // Bytes of activations for such a unit.
  static size_t WorkspaceBytes(const Encoder& model, const UnitOptions& options,
                               size_t num_threads);

 private:
  static size_t MaxTokens(const Encoder& model, const UnitOptions& options);
  void FillBatch(RowFeed& feed);
  UnitOutcome MakeOutcome(size_t text, std::span<const float> vector) const;

  const Encoder& model_;
  const EncodeSpec& spec_;
  UnitOptions options_;
  ThreadTeam& team_;
  EncoderWorkspace workspace_;
  std::vector<UnitRow> rows_;  // of the batch
  EncoderBatch batch_;
  std::optional<UnitRow> next_row_;  // taken from the feed, did not fit the last batch
  bool feed_empty_ = false;
  UnitTimes times_;
  StepLog* step_log_ = nullptr;
};

}  // namespace rowmill
