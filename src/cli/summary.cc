#include "cli/summary.h"

#include <fmt/format.h>

#include "cli/progress.h"

namespace rowmill {
namespace {

std::string Mebibytes(uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

void PrintStatuses(const std::array<uint64_t, 5>& rows_by_status, FILE* out) {
  for (size_t i = 0; i < rows_by_status.size(); ++i) {
    if (rows_by_status[i] == 0) continue;
    fmt::print(out, "  {:<12}{:>12}\n", RowStatusName(static_cast<RowStatus>(i)),
               rows_by_status[i]);
  }
}

// Rows are the gold labels, columns the answers. Wider sets are for run.json.
void PrintConfusion(const ClassificationCounts& counts, const std::vector<std::string>& labels) {
  constexpr size_t kWidestTable = 8;
  if (!counts.has_confusion() || labels.size() > kWidestTable) return;
  const auto name = [&](size_t i) {
    return i < labels.size() ? labels[i].substr(0, 11) : std::string("(other)");
  };
  fmt::print(stderr, "  {:>12}", "gold/answer");
  for (size_t p = 0; p <= labels.size(); ++p) fmt::print(stderr, "{:>12}", name(p));
  fmt::print(stderr, "\n");
  for (size_t g = 0; g <= labels.size(); ++g) {
    fmt::print(stderr, "  {:>12}", name(g));
    for (size_t p = 0; p <= labels.size(); ++p)
      fmt::print(stderr, "{:>12}", counts.Confusion(g, p));
    fmt::print(stderr, "\n");
  }
}

void PrintGold(const RunReport& run) {
  const ClassificationReport report = run.gold->Report();
  if (!report.accuracy) return;
  fmt::print(stderr,
             "accuracy      {:.4f}  (95 % interval {:.4f} to {:.4f}; {} of {} rows right)\n",
             *report.accuracy, report.accuracy_interval.low, report.accuracy_interval.high,
             report.correct, report.total);
  fmt::print(stderr, "macro F1      {:.4f}\n", report.macro_f1.value_or(0.0));
  PrintConfusion(*run.gold, run.labels);
}

}  // namespace

void PrintSummary(const RunReport& report) {
  fmt::print(stderr, "rows          {}\n", report.rows);
  PrintStatuses(report.rows_by_status, stderr);
  if (report.resumed_rows > 0) {
    fmt::print(stderr, "resumed       {} rows were done already, {} were begun and done again\n",
               report.resumed_rows, report.interrupted_rows);
  }
  fmt::print(stderr, "time          {} ({} in the model, loading {} apart)\n",
             FormatDuration(report.wall_seconds), FormatDuration(report.inference_seconds),
             FormatDuration(report.load_seconds));
  fmt::print(stderr, "rate          {:.1f} rows/s, {:.0f} tokens/s on {} units of {} threads, {}\n",
             report.rows_per_second(), report.tokens_per_second(), report.num_units,
             report.threads_per_unit, report.isa);
  fmt::print(stderr, "tokens        {} computed, {} saved by duplicates, {} by common prefixes\n",
             report.computed_tokens, report.saved_by_deduplication, report.saved_by_prefix_sharing);
  fmt::print(stderr, "speed         {:.6f} s per row and thread\n", report.speed());
  if (report.gold) PrintGold(report);
  fmt::print(stderr, "efficiency    {:.6f}\n", report.efficiency());
  for (const Rename& rename : report.renamed_columns) {
    fmt::print(stderr, "note          the input has a column '{}' already; ours is '{}'\n",
               rename.wanted, rename.name);
  }
  if (report.output != "-") fmt::print(stderr, "output        {}\n", report.output);
  if (!report.error.empty()) fmt::print(stderr, "rowmill: {}\n", report.error);
}

void PrintPlan(const JobPlan& plan, const JobOptions& options, const JobModel& model) {
  const PlanSummary& s = plan.summary;
  fmt::print("rows              {:>14}\n", s.rows);
  PrintStatuses(s.rows_by_status, stdout);
  fmt::print("duplicates        {:>14}\n", s.duplicate_rows);
  fmt::print("rows to run       {:>14}\n", s.rows_to_run);
  fmt::print("prompt tokens     {:>14}\n", s.prompt_tokens);
  fmt::print("  saved by duplicates {:>10}\n", s.saved_by_deduplication);
  fmt::print("  saved by prefixes   {:>10}  ({} nodes, depth {}, {} tokens)\n",
             s.saved_by_prefix_sharing, s.prefix_nodes, s.prefix_depth, s.prefix_tokens);
  fmt::print("tokens to compute {:>14}\n", s.computed_tokens);
  fmt::print("row length        median {}, 95 % {}, longest {} (row {})\n", s.median_row_tokens,
             s.p95_row_tokens, s.longest_row_tokens, s.longest_row);
  fmt::print("units             {} x {} threads, {} tokens at a time, {}\n", options.num_units,
             options.threads_per_unit, options.unit.batch_tokens, model.kernels->name);
  fmt::print(
      "memory            {} of {} allowed (weights {}, activations {}, rows {}, prefixes {})\n",
      Mebibytes(plan.memory.total_bytes()), Mebibytes(plan.memory_limit),
      Mebibytes(plan.memory.weight_bytes), Mebibytes(plan.memory.workspace_bytes),
      Mebibytes(plan.memory.row_kv_bytes), Mebibytes(plan.memory.prefix_kv_bytes));
  fmt::print("disk              {} beside the output while the job runs{}\n",
             Mebibytes(s.disk_bytes),
             plan.spooled ? ", and a copy of the input, which cannot be read twice" : "");
}

}  // namespace rowmill
