// What the engine has to know of each kind of model: which unit runs its rows, and how much memory
// that takes. The one place where kinds are told apart; the rest of the engine sees ModelUnits.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "engine/execution_unit.h"
#include "engine/planner.h"
#include "metrics/work_cost.h"
#include "models/any_model.h"

namespace rowmill {

// One thread (or a team) that owns whole rows from model input to answer.
class ModelUnit {
 public:
  virtual ~ModelUnit() = default;
  // Runs rows until the feed is empty or `stop` is set. `prefixes` is used by decoders alone.
  // Exceptions of the model, the feed or the sink pass through.
  virtual void Run(RowFeed& feed, OutcomeSink& sink, PrefixStore& prefixes,
                   const std::atomic<bool>& stop) = 0;
  virtual const UnitTimes& times() const = 0;
  // Each step is told to it; outlives the run.
  virtual void SetStepLog(StepLog* log) = 0;
};

// What all kinds of units are made of; outlives the unit.
struct UnitContext {
  const kernels::KernelTable& kernels;
  const DecodeSpec& spec;
  const UnitOptions& options;
  ThreadTeam& team;
  FileSystem& file_system;  // where media lie
};

// The unit of the model's kind. The spec must be one of that kind.
std::unique_ptr<ModelUnit> MakeUnit(const AnyModel& model, const UnitContext& context);

// What a job on the model takes, of the options that depend on it.
MemoryOptions ModelMemory(const AnyModel& model, const DecodeSpec& spec, const UnitOptions& options,
                          size_t threads_per_unit);

// What kinds of work cost beside each other by the arithmetic they take; their scale says nothing.
WorkCost PriorCost(const AnyModel& model);

const std::string& ArchitectureOf(const AnyModel& model);

}  // namespace rowmill
