// Chooses how many units work, how many threads each has and how many tokens they run at a time, by
// running rows of the job itself in several layouts (engine/pilot.h). Changes no byte of any
// answer.
//
// The search goes along one axis at a time: first the layouts with the default budget, then the
// budgets with the best layout. The full grid would cost more than it finds: what a budget is worth
// depends on the length of rows much more than on the layout.
//
// What was found is kept for the next job on the same machine, model and kind of rows, in a small
// file whose loss costs one more measurement.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/pilot.h"

namespace rowmill {

// What may be chosen; the rest stays as the options have it.
struct TuneAxes {
  bool layout = false;
  bool batch_tokens = false;

  bool any() const { return layout || batch_tokens; }
};

struct TuneSettings {
  UnitLayout layout;
  size_t batch_tokens = 256;

  bool operator==(const TuneSettings& other) const {
    return layout.num_units == other.layout.num_units &&
           layout.threads_per_unit == other.layout.threads_per_unit &&
           batch_tokens == other.batch_tokens;
  }
};

struct TunePoint {
  TuneSettings settings;
  double rate = 0.0;  // work of a fixed kind per second; only ratios mean anything
};

struct Tuning {
  TuneSettings best;
  std::vector<TunePoint> points;  // as they were measured, the default first; none from the file
  double seconds = 0.0;
};

// All that decides which settings are best: machine, model, what is done, and the length of rows as
// a power of two.
std::string TuneKey(const PilotContext& context);

// What an earlier job with this key has found.
std::optional<TuneSettings> FindTuning(FileSystem& file_system, const std::string& path,
                                       const std::string& key);
// A file that cannot be written is no reason to stop: then the next job measures again.
void KeepTuning(FileSystem& file_system, const std::string& path, const std::string& key,
                const TuneSettings& settings);

// Measures for `max_seconds` at most. `defaults` are what is taken where nothing is clearly better.
// `fits`: whether the job may have these settings (memory).
Tuning Tune(const PilotContext& context, const TuneAxes& axes, const TuneSettings& defaults,
            const UnitOptions& options, double max_seconds,
            const std::function<bool(const TuneSettings&)>& fits);

// "2 units of 1 thread, 256 tokens a step", and for a tuning how it compares with the others.
std::string Describe(const TuneSettings& settings);
std::string Describe(const Tuning& tuning);

}  // namespace rowmill
