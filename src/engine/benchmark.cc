#include "engine/benchmark.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "decode/keyed_random.h"
#include "engine/job_run.h"
#include "engine/row_feed.h"

namespace rowmill {
namespace {

class CountingSink final : public OutcomeSink {
 public:
  void Put(UnitOutcome outcome) override { generated_tokens_ += outcome.generated_tokens; }
  uint64_t generated_tokens() const { return generated_tokens_; }

 private:
  uint64_t generated_tokens_ = 0;
};

void Add(UnitTimes& sum, const UnitTimes& times) {
  sum.model_seconds += times.model_seconds;
  sum.decode_seconds += times.decode_seconds;
  sum.wait_seconds += times.wait_seconds;
  sum.steps += times.steps;
  sum.tokens += times.tokens;
  sum.drafted_tokens += times.drafted_tokens;
  sum.accepted_tokens += times.accepted_tokens;
  sum.phases += times.phases;
}

}  // namespace

BenchmarkRun RunBenchmark(const Decoder& model, const kernels::KernelTable& kernels,
                          const std::vector<std::vector<int32_t>>& prompts,
                          const BenchmarkOptions& options) {
  const ScratchFolder folder;
  Planner planner(folder.path());
  for (const std::vector<int32_t>& prompt : prompts) {
    planner.Add(PreparedInput{RowStatus::kOk, prompt, /*finished=*/false});
  }
  PlanOptions plan_options;
  plan_options.deduplication = Deduplication::kOff;
  if (!options.prefix_sharing) plan_options.prefix_tree.max_nodes = 0;
  const Plan plan = std::move(planner).Finish(plan_options);

  GenerateSpec generate;
  generate.max_tokens = options.new_tokens;
  const DecodeSpec spec = generate;
  ScheduleOptions schedule;
  schedule.num_units = options.num_units;
  schedule.batch_tokens = options.unit.batch_tokens;
  schedule.decode_tokens_per_row = options.new_tokens;
  Scheduler scheduler(plan.rows, plan.tree, schedule, folder.path());
  std::vector<PrefixStore::Node> nodes;
  for (const PrefixNode& node : plan.tree.nodes) {
    nodes.push_back({node.parent, node.length, node.example_row});
  }
  PrefixStore prefixes(
      std::move(nodes),
      [&](uint64_t row, uint32_t length, std::vector<int32_t>& tokens) {
        plan.rows.GetPrefix(row, length, tokens);
      },
      model.kv_shape(), options.unit.kv_bytes);

  BenchmarkRun run;
  std::mutex mutex;  // guards the two below
  std::exception_ptr error;
  std::atomic<bool> stop{false};
  const auto run_unit = [&](size_t unit) {
    try {
      ThreadTeam team(options.threads_per_unit);
      ExecutionUnit execution(model, kernels, spec, options.unit, team);
      PlannedRowFeed feed(plan, scheduler, unit);
      CountingSink sink;
      execution.Run(feed, sink, &prefixes, stop);
      std::lock_guard lock(mutex);
      Add(run.times, execution.times());
      run.generated_tokens += sink.generated_tokens();
    } catch (...) {
      std::lock_guard lock(mutex);
      error = std::current_exception();
      stop.store(true);
    }
  };
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (size_t unit = 0; unit < options.num_units; ++unit) threads.emplace_back(run_unit, unit);
  for (std::thread& thread : threads) thread.join();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (error != nullptr) std::rethrow_exception(error);
  run.prompt_tokens = plan.summary.prompt_tokens;
  run.computed_tokens = run.times.tokens;
  return run;
}

std::vector<std::vector<int32_t>> RandomPrompts(size_t count, size_t length, size_t shared,
                                                size_t vocab_size) {
  CHECK(length >= 1 && shared < length && vocab_size >= 1);
  std::vector<std::vector<int32_t>> prompts(count, std::vector<int32_t>(length));
  for (size_t i = 0; i < count; ++i) {
    for (size_t t = 0; t < length; ++t) {
      const uint64_t stream = t < shared ? 0 : i + 1;
      const PhiloxBlock block =
          Philox4x32({static_cast<uint32_t>(t), static_cast<uint32_t>(stream), 0, 0}, {0, 0});
      prompts[i][t] = static_cast<int32_t>(block[0] % vocab_size);
    }
  }
  return prompts;
}

}  // namespace rowmill
