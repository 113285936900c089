#include "engine/job_tuning.h"

#include <vector>

#include "engine/job_run.h"

namespace rowmill {

bool JobTuning::Fits(const TuneSettings& settings) const {
  JobOptions with = options_;
  with.num_units = settings.layout.num_units;
  with.threads_per_unit = settings.layout.threads_per_unit;
  with.unit.batch_tokens = settings.batch_tokens;
  return EstimateMemory(plan_, MemoryOptionsOf(with, model_, task_)).total_bytes() <=
         MemoryLimit(options_);
}

std::optional<TuneSettings> JobTuning::FindKept(const PilotContext& context) const {
  if (options_.autotune != Autotune::kAuto || !axes().any() || plan_.summary.inputs_to_run == 0) {
    return {};
  }
  const std::optional<TuneSettings> kept =
      FindTuning(context.file_system, options_.tuning_file, TuneKey(context));
  if (!kept || kept->layout.num_units > plan_.summary.inputs_to_run || !Fits(*kept)) return {};
  return kept;
}

void JobTuning::Apply(const TuneSettings& settings, JobOptions& options, UnitLayout& layout) {
  if (options.tune_layout) {
    layout = settings.layout;
    options.num_units = settings.layout.num_units;
    options.threads_per_unit = settings.layout.threads_per_unit;
  }
  if (options.tune_batch_tokens) options.unit.batch_tokens = settings.batch_tokens;
}

PilotSize TimePilotSize(const UnitLayout& layout, const UnitOptions& options, double max_seconds) {
  return {kPilotBatches * layout.num_units * options.batch_tokens, kPilotRows * layout.num_units,
          max_seconds};
}

PilotForecast RunTimePilot(const PilotContext& context, const UnitLayout& layout,
                           const UnitOptions& options, const PilotSize& size) {
  PilotForecast result;
  const std::vector<PilotRow> rows = SampleRows(context, size.tokens, size.max_rows);
  result.rows = rows.size();
  if (rows.empty()) return result;
  const PilotRun pilot = RunPilot(context, layout, options, rows, size.max_seconds);
  result.seconds = pilot.seconds;
  result.forecast = Forecast::FromPilot(context, layout, options, pilot);
  return result;
}

}  // namespace rowmill
