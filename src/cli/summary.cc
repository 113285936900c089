#include "cli/summary.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "cli/progress.h"

namespace rowmill {
namespace {

template <typename... Args>
void Append(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

std::string Mebibytes(uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string Statuses(const std::array<uint64_t, 5>& rows_by_status) {
  std::string lines;
  for (size_t i = 0; i < rows_by_status.size(); ++i) {
    if (rows_by_status[i] == 0) continue;
    lines += fmt::format("  {:<12}{:>12}\n", RowStatusName(static_cast<RowStatus>(i)),
                         rows_by_status[i]);
  }
  return lines;
}

// Rows are the gold labels, columns the answers. Wider sets are for run.json.
void AppendConfusion(std::string& out, const ClassificationCounts& counts,
                     const std::vector<std::string>& labels) {
  constexpr size_t kWidestTable = 8;
  if (!counts.has_confusion() || labels.size() > kWidestTable) return;
  const auto name = [&](size_t i) {
    return i < labels.size() ? labels[i].substr(0, 11) : std::string("(other)");
  };
  Append(out, "  {:>12}", "gold/answer");
  for (size_t p = 0; p <= labels.size(); ++p) Append(out, "{:>12}", name(p));
  Append(out, "\n");
  for (size_t g = 0; g <= labels.size(); ++g) {
    Append(out, "  {:>12}", name(g));
    for (size_t p = 0; p <= labels.size(); ++p) Append(out, "{:>12}", counts.Confusion(g, p));
    Append(out, "\n");
  }
}

void AppendGold(std::string& out, const RunReport& run) {
  const ClassificationReport report = run.gold->Report();
  if (!report.accuracy) return;
  Append(out, "accuracy      {:.4f}  (95 % interval {:.4f} to {:.4f}; {} of {} rows right)\n",
         *report.accuracy, report.accuracy_interval.low, report.accuracy_interval.high,
         report.correct, report.total);
  Append(out, "macro F1      {:.4f}\n", report.macro_f1.value_or(0.0));
  AppendConfusion(out, *run.gold, run.labels);
}

void AppendCleaning(std::string& out, const PrepReport& prep) {
  const std::pair<const char*, uint64_t> kinds[] = {{"not UTF-8", prep.utf8_rows},
                                                    {"HTML", prep.html_rows},
                                                    {"control characters", prep.control_rows},
                                                    {"Unicode form", prep.nfc_rows},
                                                    {"white space", prep.space_rows},
                                                    {"nothing left", prep.emptied_rows}};
  std::string list;
  for (const auto& [name, rows] : kinds) {
    if (rows > 0) list += fmt::format("{}{} in {}", list.empty() ? "" : ", ", name, rows);
  }
  Append(out, "cleaned       {} rows ({})\n", prep.changed_rows, list);
}

std::string Redacted(const std::vector<std::pair<std::string, uint64_t>>& found, uint64_t rows) {
  std::string list;
  for (const auto& [name, count] : found) {
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, name);
  }
  return fmt::format("{} rows{}", rows, list.empty() ? "" : " (" + list + ")");
}

std::string Count(size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string SummaryText(const RunReport& report) {
  std::string out;
  if (report.finished_before) {
    Append(out, "this very job had finished before, nothing was left to do\noutput        {}\n",
           report.output);
    return out;
  }
  Append(out, "rows          {}\n", report.rows);
  Append(out, "{}", Statuses(report.rows_by_status));
  if (report.first_failure) {
    const RowFailure& failure = *report.first_failure;
    Append(out, "first failure row {} (line {}{}): {}\n", failure.row, failure.line,
           failure.file.empty() ? "" : " of '" + failure.file + "'", failure.error);
  }
  if (report.prep.changed_rows > 0) AppendCleaning(out, report.prep);
  if (report.redacts) {
    Append(out, "redacted      {}\n", Redacted(report.redacted, report.redacted_rows));
    if (!report.redacted_output.empty()) {
      Append(out, "  in output   {}\n",
             Redacted(report.redacted_output, report.redacted_output_rows));
    }
  }
  if (report.resumed_rows > 0) {
    Append(out, "resumed       {} rows were done already, {} were begun and done again\n",
           report.resumed_rows, report.interrupted_rows);
  }
  if (report.store) {
    Append(out, "store         {} rows answered from it, {} answers added{}\n", report.store->rows,
           report.store->added,
           report.store->completed == 0
               ? ""
               : fmt::format(", {} run for new labels alone", report.store->completed));
  }
  if (report.inputs) {
    Append(out, "model inputs  {}, of which {} were duplicates\n", report.inputs->total,
           report.inputs->duplicates);
  }
  Append(out, "time          {} ({} in the model, loading {} apart)\n",
         FormatDuration(report.wall_seconds), FormatDuration(report.inference_seconds),
         FormatDuration(report.load_seconds));
  Append(out, "rate          {:.1f} rows/s, {:.0f} {}/s on {} of {}, {}\n",
         report.rows_per_second(), report.tokens_per_second(), report.work_name,
         Count(report.num_units, "unit"), Count(report.threads_per_unit, "thread"), report.isa);
  if (report.work_name == "tokens") {
    Append(out, "tokens        {} computed, {} saved by duplicates, {} by common prefixes\n",
           report.computed_tokens, report.saved_by_deduplication, report.saved_by_prefix_sharing);
  } else {
    Append(out, "{:<14}{} computed, {} saved by duplicates\n", report.work_name,
           report.computed_tokens, report.saved_by_deduplication);
  }
  Append(out, "speed         {:.6f} s per row and thread\n", report.speed());
  if (report.gold) AppendGold(out, report);
  if (report.gold_measure) {
    for (const auto& [name, value] : report.gold_measure->values) {
      Append(out, "{:<13} {:.4f}  ({} rows)\n", name, value, report.gold_measure->rows);
    }
  }
  Append(out, "efficiency    {:.6f}\n", report.efficiency());
  for (const Rename& rename : report.renamed_columns) {
    Append(out, "note          the input has a column '{}' already; ours is '{}'\n", rename.wanted,
           rename.name);
  }
  if (report.output != "-") Append(out, "output        {}\n", report.output);
  if (!report.error.empty()) Append(out, "rowmill: {}\n", report.error);
  return out;
}

std::string PlanText(const JobPlan& plan, const JobOptions& options, const JobModel& model) {
  const PlanSummary& s = plan.summary;
  std::string out;
  Append(out, "rows              {:>14}\n", s.rows);
  Append(out, "{}", Statuses(s.rows_by_status));
  const bool several = s.inputs != s.rows;
  if (several) Append(out, "model inputs      {:>14}\n", s.inputs);
  if (!options.store.empty()) Append(out, "in the store      {:>14}\n", s.stored_inputs);
  Append(out, "duplicates        {:>14}\n", s.duplicate_inputs);
  Append(out, "{:<18}{:>14}\n", several ? "inputs to run" : "rows to run", s.inputs_to_run);
  const bool is_text = plan.work_name == "tokens";
  Append(out, "{:<18}{:>14}\n", is_text ? "prompt tokens" : plan.work_name, s.prompt_tokens);
  Append(out, "  saved by duplicates {:>10}\n", s.saved_by_deduplication);
  if (is_text) {
    Append(out, "  saved by prefixes   {:>10}  ({} nodes, depth {}, {} tokens)\n",
           s.saved_by_prefix_sharing, s.prefix_nodes, s.prefix_depth, s.prefix_tokens);
  }
  Append(out, "{:<18}{:>14}\n", is_text ? "tokens to compute" : "  to compute", s.computed_tokens);
  Append(out, "row length        median {}, 95 % {}, longest {} (row {})\n", s.median_input_tokens,
         s.p95_input_tokens, s.longest_input_tokens, s.longest_row);
  const std::string budget = is_text ? fmt::format("{} tokens at a time, ", plan.batch_tokens) : "";
  Append(out, "units             {} x {} threads, {}{}{}\n", plan.layout.num_units,
         plan.layout.threads_per_unit, budget, model.kernels->name,
         plan.is_tuned ? ", found by an earlier job" : "");
  Append(
      out,
      "memory            {} of {} allowed (weights {}, activations {}, rows {}, prefixes {}{})\n",
      Mebibytes(plan.memory.total_bytes()), Mebibytes(plan.memory_limit),
      Mebibytes(plan.memory.weight_bytes), Mebibytes(plan.memory.workspace_bytes),
      Mebibytes(plan.memory.row_kv_bytes), Mebibytes(plan.memory.prefix_kv_bytes),
      plan.memory.task_bytes == 0 ? "" : ", task " + Mebibytes(plan.memory.task_bytes));
  if (plan.time) {
    Append(out, "time              {} in the model ({} to {}), from a pilot of {} rows in {}\n",
           FormatDuration(plan.time->seconds), FormatDuration(plan.time->low),
           FormatDuration(plan.time->high), plan.time->pilot_rows,
           FormatDuration(plan.time->pilot_seconds));
  }
  Append(out, "disk              {} beside the output while the job runs{}\n",
         Mebibytes(s.disk_bytes),
         plan.spooled ? ", and a copy of the input, which cannot be read twice" : "");
  return out;
}

}  // namespace rowmill
