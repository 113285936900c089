// One thread (or a team) that owns whole rows from prompt to answer: its own activations, key/value
// slabs and batch; weights and shared prefixes are read-only and common to all units. No unit ever
// waits for another inside a step.
//
// Continuous ragged batching (Orca, OSDI 2022): each step takes the next token of every row that is
// decoding and, up to the token budget, pieces of prompts of newly admitted rows (chunked prefill,
// arXiv:2308.16369). How rows are put together cannot change a bit of any answer (design,
// section 4.1).
//
// Where few rows decode, the tokens that followed the last time the prompt or the answer had the
// same words are guessed to follow again (prompt lookup decoding) and run in the same step. A guess
// is taken only where it is the very token that the keyed sampler draws from the logits before it
// (speculative decoding, arXiv:2211.17192, with equality for the acceptance rule), so the bytes are
// those of one token at a time.
//
// What it is not: it knows no text, no files and no order of rows; those are the feed's and the
// aggregator's.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decode/decode_spec.h"
#include "engine/prefix_store.h"
#include "engine/step_log.h"
#include "models/model.h"

namespace rowmill {

struct UnitRow {
  uint64_t row = 0;             // index in the input
  Digest128 digest;             // of the prompt's token ids: keys the sampler
  std::vector<int32_t> tokens;  // the whole prompt, at least one token
  uint32_t prefix_node = PrefixStore::kNoNode;
  uint32_t num_scored = 0;  // ContinuationSpec: tokens at the end that are scored
  // Of media, whose tokens are the digest of the file's content.
  std::string path = {};
  uint32_t cost = 0;  // ModelInput::cost
  // ScoreSpec: the labels to score for this row in the place of the spec's; null: those.
  const LabelTrie* labels = nullptr;
};

struct UnitOutcome {
  uint64_t row = 0;
  uint32_t prompt_tokens = 0;
  uint32_t computed_tokens = 0;  // positions run through the model for this row
  uint32_t generated_tokens = 0;
  double seconds = 0.0;  // from admission to the answer
  DecodeResult decoded;
  std::string error =
      {};  // why the row has no answer: media that cannot be decoded; empty where fine
};

// Where a unit's rows come from. Called by the unit's thread only.
class RowFeed {
 public:
  virtual ~RowFeed() = default;
  // The next row of this unit, or false where there is none left.
  virtual bool Next(UnitRow& row) = 0;
};

// Where its answers go.
class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;
  virtual void Put(UnitOutcome outcome) = 0;
};

struct UnitOptions {
  size_t batch_tokens = 256;          // budget of one step
  size_t max_rows = 128;              // in flight at a time
  size_t kv_bytes = size_t{1} << 30;  // slabs; one row is always admitted
  // Tokens that are guessed ahead in one step, over all rows; 0: none. Where few rows decode, a
  // step is bound by reading the weights, and checking a few guesses costs little.
  size_t draft_tokens = 6;
};

// Where a unit's time went; the parts add up to its wall time.
struct UnitTimes {
  double model_seconds = 0.0;   // inside Forward
  double decode_seconds = 0.0;  // scoring, sampling, batch building
  double wait_seconds = 0.0;    // for rows and for room in the sink
  uint64_t steps = 0;
  uint64_t tokens = 0;           // through the model
  uint64_t drafted_tokens = 0;   // guessed ahead
  uint64_t accepted_tokens = 0;  // of those, what the sampler drew as well
  PhaseTimes phases;             // of model_seconds
};

class ExecutionUnit {
 public:
  ExecutionUnit(const Decoder& model, const kernels::KernelTable& kernels, const DecodeSpec& spec,
                const UnitOptions& options, ThreadTeam& team);
  ~ExecutionUnit();

  // Runs rows until the feed is empty or `stop` is set; then rows in flight are dropped after the
  // current step. `prefixes` may be null. Exceptions of the model, the feed or the sink pass
  // through.
  void Run(RowFeed& feed, OutcomeSink& sink, PrefixStore* prefixes, const std::atomic<bool>& stop);

  const UnitTimes& times() const { return times_; }
  // Each step is told to it; may be null, and outlives the run.
  void SetStepLog(StepLog* log) { step_log_ = log; }
  // Bytes of activations for such a unit, without slabs.
  static size_t WorkspaceBytes(const Decoder& model, const UnitOptions& options);

 private:
  struct Row;     // a row in flight
  struct Stream;  // one sequence of it: the prompt, a branch of the label trie, a sampled answer

  void Admit(RowFeed& feed, PrefixStore* prefixes);
  // The labels to score for a row.
  const LabelTrie& LabelsOf(const UnitRow& row) const;
  bool HasRoomFor(size_t num_positions) const;
  std::unique_ptr<Row> OpenRow(UnitRow input, PrefixStore* prefixes, size_t end);
  std::shared_ptr<const PrefixEntry> ComputePrefix(PrefixStore& prefixes, uint32_t node);
  void BuildBatch();
  void AddDrafts();
  void OpenPendingStreams(Row& row, const size_t& budget, FunctionRef<void(Stream&)> take);
  void AfterStep(OutcomeSink& sink);
  void OnLogits(Stream& stream, std::span<float> logits);
  void Score(Stream& stream, std::span<const float> logits);
  void ScoreContinuation(Stream& stream, std::span<const float> logits);
  bool LogSum(std::span<const float> logits, DecodeResult& result, double& log_sum) const;
  void Generate(Stream& stream, std::span<float> logits);
  void CheckDraft(Stream& stream);
  bool TakeToken(Stream& stream, uint32_t sample, int32_t token);
  std::shared_ptr<KvSegment> AcquireSegment(size_t num_positions);

  const Decoder& model_;
  const kernels::KernelTable& kernels_;
  const DecodeSpec& spec_;
  UnitOptions options_;
  ThreadTeam& team_;
  Workspace workspace_;
  KvPool pool_;
  std::unique_ptr<Sampler> sampler_;
  std::list<std::unique_ptr<Row>> rows_;  // in order of admission
  TokenBatch batch_;
  std::vector<Stream*> batch_streams_;   // [sequences of the batch]
  std::vector<Stream*> output_streams_;  // [outputs of the batch]
  std::optional<UnitRow> next_row_;      // taken from the feed, waits for room
  std::vector<float> logits_copy_;       // where several samples are drawn from one distribution
  bool feed_empty_ = false;
  UnitTimes times_;
  StepLog* step_log_ = nullptr;
  Work step_work_;  // of the batch
};

}  // namespace rowmill
