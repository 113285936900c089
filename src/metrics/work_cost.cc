#include "metrics/work_cost.h"

#include <algorithm>
#include <cmath>

namespace rowmill {
namespace {

// What the prior weighs beside all samples together. Small: it is there for what the samples
// cannot tell.
constexpr double kPriorWeight = 1e-3;
constexpr int kSweeps = 200;

}  // namespace

Work& Work::operator+=(const Work& other) {
  for (size_t i = 0; i < kNumWorkKinds; ++i) amounts[i] += other.amounts[i];
  return *this;
}

Work Work::Times(double factor) const {
  Work work = *this;
  for (double& amount : work.amounts) amount *= factor;
  return work;
}

double WorkCost::Seconds(const Work& work) const {
  double seconds = 0.0;
  for (size_t i = 0; i < kNumWorkKinds; ++i) seconds += prices[i] * work.amounts[i];
  return seconds;
}

WorkCost FitWorkCost(std::span<const WorkSample> samples, const WorkCost& prior) {
  double seconds = 0.0;
  double expected = 0.0;
  Work total;
  for (const WorkSample& sample : samples) {
    seconds += sample.seconds;
    expected += prior.Seconds(sample.work);
    total += sample.work;
  }
  WorkCost cost;
  if (!(seconds > 0.0) || !(expected > 0.0)) return cost;
  const double scale = seconds / expected;

  // Each kind in seconds of a mean step, so that one penalty fits all: u[i] = price[i] * mean[i].
  const auto count = static_cast<double>(samples.size());
  const double mean_seconds = seconds / count;
  std::array<double, kNumWorkKinds> mean{};
  std::array<double, kNumWorkKinds> wanted{};
  std::array<double, kNumWorkKinds> share{};
  for (size_t i = 0; i < kNumWorkKinds; ++i) {
    mean[i] = total.amounts[i] / count;
    wanted[i] = share[i] = prior.prices[i] * scale * mean[i];
  }
  // Normal equations of the relative amounts, with the penalty on the diagonal.
  std::array<std::array<double, kNumWorkKinds>, kNumWorkKinds> matrix{};
  std::array<double, kNumWorkKinds> right{};
  for (const WorkSample& sample : samples) {
    std::array<double, kNumWorkKinds> relative{};
    for (size_t i = 0; i < kNumWorkKinds; ++i) {
      relative[i] = mean[i] > 0.0 ? sample.work.amounts[i] / mean[i] : 0.0;
    }
    for (size_t i = 0; i < kNumWorkKinds; ++i) {
      right[i] += relative[i] * sample.seconds;
      for (size_t j = 0; j < kNumWorkKinds; ++j) matrix[i][j] += relative[i] * relative[j];
    }
  }
  const double penalty = kPriorWeight * count;
  for (size_t i = 0; i < kNumWorkKinds; ++i) {
    matrix[i][i] += penalty;
    right[i] += penalty * wanted[i];
  }
  // Coordinate descent, each price kept at 0 or above; the matrix is positive definite.
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double change = 0.0;
    for (size_t i = 0; i < kNumWorkKinds; ++i) {
      double rest = right[i];
      for (size_t j = 0; j < kNumWorkKinds; ++j) {
        if (j != i) rest -= matrix[i][j] * share[j];
      }
      const double next = std::max(0.0, rest / matrix[i][i]);
      change = std::max(change, std::abs(next - share[i]));
      share[i] = next;
    }
    if (change < 1e-9 * mean_seconds) break;
  }
  for (size_t i = 0; i < kNumWorkKinds; ++i) {
    // A kind that no sample had keeps its prior.
    cost.prices[i] = mean[i] > 0.0 ? share[i] / mean[i] : prior.prices[i] * scale;
  }
  return cost;
}

}  // namespace rowmill
