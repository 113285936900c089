// The three measures of a run: speed, accuracy, efficiency (design, section 6), and the rates that
// practitioners read.
//
// What it is not: a clock or a report. Times are passed in; engine/run_report writes them down.
#pragma once

#include <cstdint>
#include <optional>

namespace rowmill {

struct RunTotals {
  uint64_t rows = 0;               // that the inference stage answered, duplicates included
  uint64_t threads = 0;            // units times threads of a unit
  double inference_seconds = 0.0;  // wall time of the inference stage
  uint64_t judged_rows = 0;        // rows with a gold value; 0 without --gold
  uint64_t correct_rows = 0;       // of those, answered right
};

// Without a value where the definition divides by zero.
struct Measures {
  // Seconds per row and thread: inference time / (rows * threads).
  std::optional<double> speed;
  // Correct / total, the total being the rows with a gold value; a row that failed is not correct.
  std::optional<double> accuracy;
  // Total time / total compute, compute being threads * rows. By definition the same number as
  // speed; both are reported under their names.
  std::optional<double> efficiency;
};

Measures ComputeMeasures(const RunTotals& totals);

// `count` per second; nothing where no time has passed.
std::optional<double> PerSecond(uint64_t count, double seconds);

// T1 / (n * Tn): how much of n times one thread's speed n threads reach; 1 is perfect.
std::optional<double> ParallelEfficiency(double seconds_of_one, double seconds_of_n, uint64_t n);

}  // namespace rowmill
