#include "metrics/measures.h"

#include "base/check.h"

namespace rowmill {

Measures ComputeMeasures(const RunTotals& totals) {
  CHECK(totals.correct_rows <= totals.judged_rows);
  Measures measures;
  if (totals.rows > 0 && totals.threads > 0) {
    const double compute = static_cast<double>(totals.rows) * static_cast<double>(totals.threads);
    measures.speed = totals.inference_seconds / compute;
    measures.efficiency = totals.inference_seconds / compute;
  }
  if (totals.judged_rows > 0) {
    measures.accuracy =
        static_cast<double>(totals.correct_rows) / static_cast<double>(totals.judged_rows);
  }
  return measures;
}

std::optional<double> PerSecond(uint64_t count, double seconds) {
  if (!(seconds > 0.0)) return std::nullopt;
  return static_cast<double>(count) / seconds;
}

std::optional<double> ParallelEfficiency(double seconds_of_one, double seconds_of_n, uint64_t n) {
  if (!(seconds_of_n > 0.0) || n == 0) return std::nullopt;
  return seconds_of_one / (static_cast<double>(n) * seconds_of_n);
}

}  // namespace rowmill
