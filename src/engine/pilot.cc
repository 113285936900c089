#include "engine/pilot.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "engine/row_feed.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

// The longest row is cut to so many times the mean: its attention shows how prices grow.
constexpr uint32_t kLongRow = 4;
constexpr uint32_t kLongRowTokens = 1536;
// How often the time limit and the stop flag are looked at.
constexpr std::chrono::milliseconds kPoll{20};
// Groups of steps whose means are compared for the uncertainty.
constexpr size_t kGroups = 8;
// Machines change their speed from minute to minute by more than a pilot of seconds can show.
constexpr double kLeastRelativeError = 0.04;

class PilotFeed final : public RowFeed {
 public:
  PilotFeed(const Plan& plan, std::span<const PilotRow> rows) : plan_(plan), rows_(rows) {}

  bool Next(UnitRow& row) override {
    const size_t next = next_.fetch_add(1);
    if (next >= rows_.size()) return false;
    FillUnitRow(plan_, rows_[next].row, row);
    if (row.tokens.size() > rows_[next].max_tokens) row.tokens.resize(rows_[next].max_tokens);
    return true;
  }

 private:
  const Plan& plan_;
  std::span<const PilotRow> rows_;
  std::atomic<size_t> next_{0};
};

class PilotSink final : public OutcomeSink {
 public:
  void Put(UnitOutcome) override { done_.fetch_add(1); }
  uint64_t done() const { return done_.load(); }

 private:
  std::atomic<uint64_t> done_{0};
};

uint32_t OwnTokens(const Plan& plan, uint64_t row) {
  const RowEntry& entry = plan.rows[row];
  return entry.num_read() - PrefixLength(entry, plan.tree.nodes);
}

}  // namespace

std::vector<PilotRow> SampleRows(const PilotContext& context, uint64_t tokens, size_t max_rows) {
  const Plan& plan = context.plan;
  std::vector<PilotRow> sample;
  const std::span<const uint64_t> order = plan.tree.order.span();
  if (order.empty()) return sample;
  uint64_t longest = order[0];
  uint64_t total = 0;
  for (const uint64_t row : order) {
    if (OwnTokens(plan, row) > OwnTokens(plan, longest)) longest = row;
    total += OwnTokens(plan, row);
  }
  const uint64_t mean = std::max<uint64_t>(1, total / order.size());
  const uint64_t limit = std::max<uint64_t>(kLongRow * mean, 64);
  // Files, and tokens of which the end has a meaning, are taken whole.
  const bool is_plain = std::holds_alternative<ScoreSpec>(context.spec) ||
                        std::holds_alternative<GenerateSpec>(context.spec) ||
                        std::holds_alternative<EncodeSpec>(context.spec);
  const auto can_be_cut = [&](uint64_t row) { return is_plain && plan.rows[row].cost == 0; };
  // Shortened rows keep what they share.
  const auto cut = [&](uint64_t row, uint64_t own) {
    const RowEntry& entry = plan.rows[row];
    const uint64_t length = own + PrefixLength(entry, plan.tree.nodes);
    return can_be_cut(row) && length < entry.tokens.length ? static_cast<uint32_t>(length)
                                                           : UINT32_MAX;
  };
  if (OwnTokens(plan, longest) > limit && can_be_cut(longest)) {
    const uint64_t own = std::min<uint64_t>({kLongRowTokens, tokens / 2, OwnTokens(plan, longest)});
    if (own > mean) sample.push_back({longest, cut(longest, own)});
    tokens -= std::min(tokens, own);
  }
  const size_t count = std::clamp<size_t>(static_cast<size_t>(tokens / mean), 1,
                                          std::min<size_t>(max_rows, order.size()));
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (2 * i + 1) * order.size() / (2 * count);
    sample.push_back({order[at], cut(order[at], limit)});
  }
  return sample;
}

std::unique_ptr<PrefixStore> MakePrefixStore(const Plan& plan, const JobModel& model,
                                             const UnitOptions& options) {
  std::vector<PrefixStore::Node> nodes;
  for (const PrefixNode& node : plan.tree.nodes) {
    nodes.push_back({node.parent, node.length, node.example_row});
  }
  const auto* decoder = std::get_if<const Decoder*>(&model.model);
  return std::make_unique<PrefixStore>(
      std::move(nodes),
      [&plan](uint64_t row, uint32_t length, std::vector<int32_t>& tokens) {
        plan.rows.GetPrefix(row, length, tokens);
      },
      decoder != nullptr ? (*decoder)->kv_shape() : KvShape{}, options.kv_bytes);
}

PilotRun RunPilot(const PilotContext& context, const UnitLayout& layout, const UnitOptions& options,
                  std::span<const PilotRow> rows, double max_seconds) {
  PilotFeed feed(context.plan, rows);
  PilotSink sink;
  PilotRun run;
  std::mutex mutex;  // guards the next three, and `run`
  std::condition_variable ended;
  std::exception_ptr error;
  size_t running = layout.num_units;
  std::atomic<bool> stop{false};
  std::vector<std::vector<WorkSample>> samples(layout.num_units);
  const Clock::time_point start = Clock::now();
  const auto run_unit = [&](size_t index) {
    try {
      ThreadTeam team(layout.threads_per_unit);
      const std::unique_ptr<ModelUnit> unit =
          MakeUnit(context.model.model,
                   {*context.model.kernels, context.spec, options, team, context.file_system});
      StepLog log(index, start, nullptr);
      log.SetSamples(&samples[index]);
      unit->SetStepLog(&log);
      const Clock::time_point begin = Clock::now();
      unit->Run(feed, sink, context.prefixes, stop);
      std::lock_guard lock(mutex);
      run.unit_seconds += SecondsSince(begin) - unit->times().wait_seconds;
    } catch (...) {
      std::lock_guard lock(mutex);
      error = std::current_exception();
      stop.store(true);
    }
    std::lock_guard lock(mutex);
    --running;
    ended.notify_all();
  };
  std::vector<std::thread> threads;
  try {
    for (size_t unit = 0; unit < layout.num_units; ++unit) threads.emplace_back(run_unit, unit);
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, kPoll, [&] { return running == 0; })) {
      const bool stopped = context.stop != nullptr && context.stop->load();
      if (stopped || SecondsSince(start) > max_seconds) {
        run.complete = false;
        stop.store(true);
      }
    }
  } catch (...) {  // The system has refused a thread.
    error = std::current_exception();
    stop.store(true);
  }
  for (std::thread& thread : threads) thread.join();
  if (error != nullptr) std::rethrow_exception(error);
  run.seconds = SecondsSince(start);
  run.rows_done = sink.done();
  for (const std::vector<WorkSample>& of_unit : samples) {
    run.samples.insert(run.samples.end(), of_unit.begin(), of_unit.end());
    for (const WorkSample& sample : of_unit) run.work += sample.work;
  }
  return run;
}

void Forecast::CountPlan(const PilotContext& context) {
  const Plan& plan = context.plan;
  const bool causal = SharesPrefixes(context.spec);
  const auto add = [&](Work& work, double before, double own) {
    work[WorkKind::kPromptToken] += own;
    work[WorkKind::kTokenPair] += causal ? CausalPairs(before, own) : own * own;
  };
  for (const PrefixNode& node : plan.tree.nodes) {
    const double before = node.parent == kNoPrefixNode ? 0.0 : plan.tree.nodes[node.parent].length;
    add(prompts_, before, node.length - before);
  }
  uint32_t longest = 0;
  for (const uint64_t row : plan.tree.order) {
    const RowEntry& entry = plan.rows[row];
    const uint32_t own = OwnTokens(plan, row);
    const double ends = std::max<uint32_t>(1, entry.num_scored);
    add(prompts_, entry.num_read() - own, own);
    prompts_[WorkKind::kPromptEnd] += ends;
    positions_ += entry.num_read();
    if (own < longest) continue;
    longest = own;
    longest_row_ = {};
    add(longest_row_, entry.num_read() - own, own);
    longest_row_[WorkKind::kPromptEnd] += ends;
  }
  rows_ = static_cast<double>(plan.tree.order.size());
  if (const auto* generate = std::get_if<GenerateSpec>(&context.spec)) {
    // The last token of an answer is drawn and not computed.
    max_answer_ = static_cast<double>(generate->max_tokens - 1) * generate->num_samples;
    answers_per_row_ = max_answer_ / 2.0;
    answers_vary_ = true;
  } else if (const auto* translate = std::get_if<TranslateSpec>(&context.spec)) {
    max_answer_ = static_cast<double>(translate->max_tokens) * translate->beam;
    answers_per_row_ = rows_ > 0.0 ? positions_ / rows_ * translate->beam : 0.0;
    answers_vary_ = true;
  } else if (const auto* score = std::get_if<ScoreSpec>(&context.spec)) {
    for (const LabelTrie::Node& node : score->trie->nodes()) {
      if (node.num_children > 0) answers_per_row_ += 1.0;
    }
    answers_per_row_ -= 1.0;  // the root is the prompt's end
    max_answer_ = answers_per_row_;
  }
}

// Steps of all units, where prompts fill what the answers in flight leave of the budget, and
// answers are given one token a step to as many rows as are in flight.
double Forecast::Steps(double answers_per_row, double max_answer) const {
  const auto units = static_cast<double>(layout_.num_units);
  const double tokens = prompts_[WorkKind::kPromptToken] + rows_ * answers_per_row;
  const double full = tokens / static_cast<double>(options_.batch_tokens);
  if (answers_per_row <= 0.0 || rows_ <= 0.0) return std::max(full, units);
  const double in_flight = std::clamp(rows_ / units, 1.0, static_cast<double>(options_.max_rows));
  // At the end there is nothing that takes the place of finished rows.
  const double drain = std::max(0.0, max_answer - answers_per_row);
  return std::max(full, rows_ / in_flight * answers_per_row + units * drain);
}

double Forecast::UnitSeconds(double answer_tokens, uint64_t rows_done) const {
  // The pilot's mean counts as so many rows.
  constexpr double kPriorRows = 16.0;
  const double answers_per_row =
      max_answer_ <= 0.0 ? 0.0
                         : std::min(max_answer_, (answer_tokens + kPriorRows * answers_per_row_) /
                                                     (static_cast<double>(rows_done) + kPriorRows));
  Work work = prompts_;
  work[WorkKind::kAnswerToken] = rows_ * answers_per_row;
  work[WorkKind::kTokenPair] +=
      answers_per_row * (positions_ + rows_ * (answers_per_row + 1.0) / 2.0);
  work[WorkKind::kStep] = Steps(answers_per_row, std::min(max_answer_, 2.0 * answers_per_row));
  // One row cannot be divided among units.
  return std::max(cost_.Seconds(work),
                  longest_row_seconds_ * static_cast<double>(layout_.num_units));
}

std::optional<Forecast> Forecast::FromPilot(const PilotContext& context, const UnitLayout& layout,
                                            const UnitOptions& options, const PilotRun& pilot) {
  Forecast forecast;
  forecast.layout_ = layout;
  forecast.options_ = options;
  forecast.CountPlan(context);
  double in_steps = 0.0;
  for (const WorkSample& sample : pilot.samples) in_steps += sample.seconds;
  if (pilot.samples.size() < 2 || !(in_steps > 0.0)) return std::nullopt;
  forecast.cost_ = FitWorkCost(pilot.samples, PriorCost(context.model.model));
  // What a unit does between its steps.
  const double beside = std::max(1.0, pilot.unit_seconds / in_steps);
  double squares = 0.0;
  const size_t groups = std::min(kGroups, pilot.samples.size());
  for (size_t group = 0; group < groups; ++group) {
    double seconds = 0.0;
    double fitted = 0.0;
    for (size_t i = group * pilot.samples.size() / groups;
         i < (group + 1) * pilot.samples.size() / groups; ++i) {
      seconds += pilot.samples[i].seconds;
      fitted += forecast.cost_.Seconds(pilot.samples[i].work);
    }
    const double off = fitted > 0.0 ? seconds / fitted - 1.0 : 1.0;
    squares += off * off;
  }
  const auto count = static_cast<double>(groups);
  forecast.relative_error_ = kLeastRelativeError + 2.0 * std::sqrt(squares / count / (count - 1.0));
  for (double& price : forecast.cost_.prices) price *= beside;

  if (forecast.answers_vary_ && forecast.max_answer_ > 0.0) {
    // Of answers that the time limit has cut only a lower bound is known: tokens over ends is the
    // mean of what has no memory (maximum likelihood of an exponential length).
    const double tokens = pilot.work[WorkKind::kAnswerToken];
    const auto ends = static_cast<double>(pilot.rows_done);
    forecast.answers_per_row_ =
        ends > 0.0 ? std::min(forecast.max_answer_, tokens / ends) : forecast.max_answer_;
    if (forecast.answers_per_row_ < 0.99 * forecast.max_answer_) {
      forecast.relative_error_ += 1.0 / std::sqrt(std::max(1.0, ends));
    }
  }
  Work longest = forecast.longest_row_;
  longest[WorkKind::kStep] =
      std::ceil(longest[WorkKind::kPromptToken] / static_cast<double>(options.batch_tokens));
  forecast.longest_row_seconds_ = forecast.cost_.Seconds(longest);
  forecast.seconds_ =
      forecast.UnitSeconds(0.0, 0) / static_cast<double>(std::max<size_t>(1, layout.num_units));
  return forecast;
}

JobProgress::Left Forecast::WholeRun() const {
  return {seconds_, seconds_ / (1.0 + relative_error_), seconds_ * (1.0 + relative_error_)};
}

Forecast Forecast::FromModel(const PilotContext& context, const UnitLayout& layout,
                             const UnitOptions& options) {
  Forecast forecast;
  forecast.layout_ = layout;
  forecast.options_ = options;
  forecast.CountPlan(context);
  forecast.cost_ = PriorCost(context.model.model);
  // Brought to a size that can be counted in.
  const double total = forecast.UnitSeconds(0.0, 0);
  if (total > 0.0) {
    for (double& price : forecast.cost_.prices) price /= total;
  }
  return forecast;
}

}  // namespace rowmill
