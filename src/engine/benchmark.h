// Runs prompts of token ids over execution units, without files, text or a journal, and says where
// the time went: what `rowmill bench` prints.
//
// What it is not: the way a job runs (engine/job.h). Rows, prefixes and sub-tasks are the job's
// own: planner, scheduler, prefix store and units; answers are counted and thrown away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/execution_unit.h"
#include "engine/scheduler.h"

namespace rowmill {

struct BenchmarkOptions {
  size_t num_units = 1;
  size_t threads_per_unit = 1;
  UnitOptions unit;
  uint32_t new_tokens = 1;  // per prompt; the end of a text does not end it
  bool prefix_sharing = true;
};

struct BenchmarkRun {
  double seconds = 0.0;  // wall time of the units
  uint64_t prompt_tokens = 0;
  uint64_t computed_tokens = 0;  // through the model, shared prefixes once
  uint64_t generated_tokens = 0;
  UnitTimes times;  // the sum over the units
};

// Runs every prompt (each with at least one token, all in range) to its new_tokens.
BenchmarkRun RunBenchmark(const Decoder& model, const kernels::KernelTable& kernels,
                          const std::vector<std::vector<int32_t>>& prompts,
                          const BenchmarkOptions& options);

// `count` prompts of `length` random tokens, the first `shared` of which all have in common; a
// function of its arguments.
std::vector<std::vector<int32_t>> RandomPrompts(size_t count, size_t length, size_t shared,
                                                size_t vocab_size);

}  // namespace rowmill
