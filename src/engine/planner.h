// The plan of a job: all rows are read and prepared once before the first one runs, so that
// duplicates run once, common prefixes are computed once, and memory, tokens and time are known
// before the start. `rowmill plan` prints the summary and stops there.
//
// What it is not: a reader of data or a tokeniser. It is given token ids; it knows no text, model
// or thread. Input of unknown length (a pipe) is spooled by the reader, so the plan always sees all
// rows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/deduplication.h"
#include "engine/input_index.h"
#include "engine/input_paths.h"
#include "engine/prefix_tree.h"
#include "engine/row_table.h"
#include "metrics/quantile_histogram.h"
#include "models/kv_cache.h"

namespace rowmill {

// What the planner needs of a model input that a task has prepared.
struct PreparedInput {
  RowStatus status = RowStatus::kOk;
  std::span<const int32_t> tokens =
      {};  // the whole prompt; used where the status is kOk or kTruncated
  // The journal has its result. Tokens may be left out then; with them, the result also answers for
  // the input's unfinished duplicates.
  bool finished = false;
  uint32_t num_scored = 0;     // see ModelInput, also below
  std::string_view path = {};  // of media
  uint32_t cost = 0;
};

enum class Deduplication : uint8_t { kOff, kOn };

struct PlanOptions {
  Deduplication deduplication = Deduplication::kOn;
  PrefixTreeOptions prefix_tree = {};  // max_nodes 0: no prefix sharing
};

struct PlanSummary {
  uint64_t rows = 0;
  std::array<uint64_t, 5> rows_by_status{};  // by RowStatus, as prepared; kTruncated: truncations

  // Model inputs: of most tasks one per row.
  uint64_t inputs = 0;
  uint64_t finished_inputs = 0;   // done by an earlier run, or nothing to do
  uint64_t duplicate_inputs = 0;  // get another input's answer
  uint64_t inputs_to_run = 0;
  uint64_t stored_inputs = 0;  // of the finished ones those whose answer a store had
  uint64_t stored_tokens = 0;  // of those; not among the following

  // Of unfinished inputs with a prompt:
  //   prompt_tokens = computed_tokens + saved_by_deduplication + saved_by_prefix_sharing
  uint64_t prompt_tokens = 0;
  uint64_t computed_tokens = 0;
  uint64_t saved_by_deduplication = 0;
  uint64_t saved_by_prefix_sharing = 0;

  uint64_t prefix_nodes = 0;
  uint32_t prefix_depth = 0;
  uint64_t prefix_tokens = 0;       // held by all nodes, each counted once
  uint64_t inputs_with_prefix = 0;  // inputs to run that continue a node

  // Of all inputs with a prompt that was given. The quantiles are within 0.8 %.
  uint64_t longest_row = 0;  // the number of its row; the first of equals
  uint32_t longest_input_tokens = 0;
  uint32_t median_input_tokens = 0;
  uint32_t p95_input_tokens = 0;

  uint64_t disk_bytes = 0;  // scratch files beside the output while the job runs
};

struct Plan {
  InputIndex inputs;  // of each row
  RowTable rows;      // an entry per input
  InputPaths paths;   // of media
  PrefixTree tree;
  PlanSummary summary;
};

class Planner {
 public:
  // Scratch files are made in `folder`. `first_row`: number of the first row that is added, not 0
  // in shards.
  explicit Planner(const std::string& folder, uint64_t first_row = 0);

  // Adds the next row, of at least one input, and returns its number.
  uint64_t Add(std::span<const PreparedInput> inputs);
  uint64_t Add(const PreparedInput& input) { return Add(std::span(&input, 1)); }

  // The number of the next row's first input.
  uint64_t next_input() const { return inputs_.end_input(); }

  // Makes the plan. To be called once, last.
  Plan Finish(const PlanOptions& options) &&;

 private:
  std::string folder_;
  void AddInput(const PreparedInput& input);

  InputIndex inputs_;
  RowTable rows_;
  InputPaths paths_;
  PlanSummary summary_;
  QuantileHistogram lengths_;
};

// What the estimate needs to know of the model and the execution units.
struct MemoryOptions {
  KvShape kv_shape = {};
  uint64_t weight_bytes = 0;     // packed, shared by all units
  uint64_t task_bytes = 0;       // Task::held_bytes()
  uint64_t workspace_bytes = 0;  // activations of one unit
  size_t num_units = 1;
  size_t max_rows_per_unit = 128;           // in flight
  uint64_t kv_bytes_per_unit = UINT64_MAX;  // bound on slabs; one row is always admitted
  uint64_t prefix_kv_bytes = UINT64_MAX;    // bound on the shared prefixes that are kept
  size_t max_seq_len = SIZE_MAX;
  uint32_t positions_after_prompt = 0;  // of the longest answer or label
  uint32_t forks_per_row = 0;           // label branches or samples beyond the first
};

struct MemoryEstimate {
  uint64_t weight_bytes = 0;
  uint64_t task_bytes = 0;
  uint64_t workspace_bytes = 0;  // all units
  uint64_t row_kv_bytes = 0;     // all units
  uint64_t prefix_kv_bytes = 0;

  uint64_t total_bytes() const {
    return weight_bytes + task_bytes + workspace_bytes + row_kv_bytes + prefix_kv_bytes;
  }
};

// An upper bound on the anonymous memory that running the plan takes, from the very rows that run:
// the units have the most expensive possible rows in flight and every shared prefix is kept, unless
// the bounds of `options` stop that earlier. A unit always admits one row, however large, so its
// bound on slabs counts as no less than the largest row.
MemoryEstimate EstimateMemory(const Plan& plan, const MemoryOptions& options);

}  // namespace rowmill
