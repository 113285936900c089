#include "tasks/fit_head.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

constexpr size_t kFolds = 5;
// Vectors of length 1 want weak penalties; equal choices go to the stronger one.
constexpr double kPenalties[] = {1.0, 3.0, 10.0, 30.0};
constexpr size_t kMemory = 10;  // of L-BFGS
constexpr size_t kMaxIterations = 500;
constexpr double kGradientTolerance = 1e-5;  // largest element, per row and C

using Vector = std::vector<double>;

double Dot(const Vector& a, const Vector& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The objective over parameters [num_labels, dim + 1], the bias last in each row.
class Objective {
 public:
  Objective(const LabelledVectors& data, std::span<const size_t> rows, double c)
      : data_(data), rows_(rows), c_(c) {}

  size_t size() const { return data_.num_labels * (data_.dim + 1); }

  double Evaluate(const Vector& parameters, Vector& gradient) const {
    const size_t dim = data_.dim;
    const size_t stride = dim + 1;
    gradient.assign(size(), 0.0);
    double loss = 0.0;
    Vector logits(data_.num_labels);
    for (const size_t row : rows_) {
      const std::vector<float>& x = data_.vectors[row];
      for (size_t label = 0; label < data_.num_labels; ++label) {
        const double* w = &parameters[label * stride];
        double sum = w[dim];
        for (size_t i = 0; i < dim; ++i) sum += w[i] * static_cast<double>(x[i]);
        logits[label] = sum;
      }
      const Vector log_probs = LogSoftmax(logits);
      loss -= log_probs[data_.labels[row]];
      for (size_t label = 0; label < data_.num_labels; ++label) {
        const double p = log_probs[label] < -700.0 ? 0.0 : RealExp(log_probs[label]);
        const double error = c_ * (p - (label == data_.labels[row] ? 1.0 : 0.0));
        double* g = &gradient[label * stride];
        for (size_t i = 0; i < dim; ++i) g[i] += error * static_cast<double>(x[i]);
        g[dim] += error;
      }
    }
    loss *= c_;
    for (size_t label = 0; label < data_.num_labels; ++label) {
      for (size_t i = 0; i < dim; ++i) {
        const double w = parameters[label * stride + i];
        loss += 0.5 * w * w;
        gradient[label * stride + i] += w;
      }
    }
    return loss;
  }

 private:
  const LabelledVectors& data_;
  std::span<const size_t> rows_;
  double c_;
};

struct Step {
  Vector change;  // of the parameters
  Vector gradient_change;
  double inverse_product;  // 1 / (change . gradient_change)
};

// -H^-1 gradient by the two-loop recursion over the last steps.
Vector Direction(const std::deque<Step>& steps, const Vector& gradient) {
  Vector direction = gradient;
  Vector alphas(steps.size());
  for (size_t i = steps.size(); i-- > 0;) {
    alphas[i] = steps[i].inverse_product * Dot(steps[i].change, direction);
    for (size_t j = 0; j < direction.size(); ++j) {
      direction[j] -= alphas[i] * steps[i].gradient_change[j];
    }
  }
  if (!steps.empty()) {
    const Step& last = steps.back();
    const double scale =
        1.0 / (last.inverse_product * Dot(last.gradient_change, last.gradient_change));
    for (double& value : direction) value *= scale;
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const double beta = steps[i].inverse_product * Dot(steps[i].gradient_change, direction);
    for (size_t j = 0; j < direction.size(); ++j) {
      direction[j] += (alphas[i] - beta) * steps[i].change[j];
    }
  }
  for (double& value : direction) value = -value;
  return direction;
}

Vector Minimize(const Objective& objective, double tolerance) {
  Vector at(objective.size(), 0.0);
  Vector gradient;
  double loss = objective.Evaluate(at, gradient);
  std::deque<Step> steps;
  for (size_t iteration = 0; iteration < kMaxIterations; ++iteration) {
    const double largest =
        std::abs(*std::max_element(gradient.begin(), gradient.end(),
                                   [](double a, double b) { return std::abs(a) < std::abs(b); }));
    if (largest <= tolerance) break;
    const Vector direction = Direction(steps, gradient);
    const double slope = Dot(gradient, direction);
    if (!(slope < 0.0)) break;
    // The first step has no curvature to go by; later ones are nearly always taken whole.
    double length = steps.empty() ? 1.0 / std::max(1.0, largest) : 1.0;
    Vector next(at.size()), next_gradient;
    double next_loss = loss;
    bool found = false;
    for (int halving = 0; halving < 40 && !found; ++halving, length *= 0.5) {
      for (size_t j = 0; j < at.size(); ++j) next[j] = at[j] + length * direction[j];
      next_loss = objective.Evaluate(next, next_gradient);
      found = next_loss <= loss + 1e-4 * length * slope;
    }
    if (!found) break;  // as good as the numbers allow
    Step step;
    step.change.resize(at.size());
    step.gradient_change.resize(at.size());
    for (size_t j = 0; j < at.size(); ++j) {
      step.change[j] = next[j] - at[j];
      step.gradient_change[j] = next_gradient[j] - gradient[j];
    }
    const double product = Dot(step.change, step.gradient_change);
    if (product > 0.0) {
      step.inverse_product = 1.0 / product;
      steps.push_back(std::move(step));
      if (steps.size() > kMemory) steps.pop_front();
    }
    at = std::move(next);
    gradient = std::move(next_gradient);
    loss = next_loss;
  }
  return at;
}

size_t CountRight(const LinearHead& head, const LabelledVectors& data,
                  std::span<const size_t> rows) {
  size_t right = 0;
  for (const size_t row : rows) {
    const Vector logits = head.Logits(data.vectors[row]);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    right += static_cast<size_t>(best) == data.labels[row];
  }
  return right;
}

// The fold of each row: within each label, rows are dealt out in turn.
std::vector<size_t> DealFolds(const LabelledVectors& data, size_t num_folds) {
  std::vector<size_t> next(data.num_labels, 0);
  std::vector<size_t> folds;
  for (const size_t label : data.labels) folds.push_back(next[label]++ % num_folds);
  return folds;
}

}  // namespace

LinearHead FitLinearHead(const LabelledVectors& data, std::span<const size_t> rows, double c) {
  CHECK(data.num_labels >= 2 && data.dim >= 1 && !rows.empty() && c > 0.0);
  const double tolerance = kGradientTolerance * std::max(1.0, c);
  const Vector parameters = Minimize(Objective(data, rows, c), tolerance);
  LinearHead head;
  head.num_labels = data.num_labels;
  head.dim = data.dim;
  for (size_t label = 0; label < data.num_labels; ++label) {
    const auto begin = parameters.begin() + static_cast<ptrdiff_t>(label * (data.dim + 1));
    const auto end = begin + static_cast<ptrdiff_t>(data.dim);
    head.weights.insert(head.weights.end(), begin, end);
    head.bias.push_back(*end);
  }
  return head;
}

FittedHead FitHead(const LabelledVectors& data) {
  std::vector<size_t> counts(data.num_labels, 0);
  for (const size_t label : data.labels) ++counts[label];
  const size_t fewest = *std::min_element(counts.begin(), counts.end());
  CHECK(fewest >= 2);
  FittedHead fitted;
  fitted.num_folds = std::min(kFolds, fewest);
  const std::vector<size_t> folds = DealFolds(data, fitted.num_folds);
  size_t most_right = 0;
  for (const double c : kPenalties) {
    size_t right = 0;
    for (size_t fold = 0; fold < fitted.num_folds; ++fold) {
      std::vector<size_t> inside, outside;
      for (size_t row = 0; row < folds.size(); ++row) {
        (folds[row] == fold ? outside : inside).push_back(row);
      }
      right += CountRight(FitLinearHead(data, inside, c), data, outside);
    }
    if (fitted.c == 0.0 || right > most_right) {
      most_right = right;
      fitted.c = c;
    }
  }
  fitted.accuracy = static_cast<double>(most_right) / static_cast<double>(folds.size());
  std::vector<size_t> all(folds.size());
  for (size_t row = 0; row < all.size(); ++row) all[row] = row;
  fitted.head = FitLinearHead(data, all, fitted.c);
  return fitted;
}

}  // namespace rowmill
