// Scores of labels from a text's vector: logits = W x + b, and their log-softmax. Weights are
// fitted on labelled rows (tasks/fit_head.h) or are the labels' own vectors (cosine).
//
// Double precision, one sum per label over ascending inputs: a row's scores depend on its vector
// alone.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rowmill {

struct LinearHead {
  size_t num_labels = 0;
  size_t dim = 0;
  std::vector<double> weights;  // [num_labels, dim]
  std::vector<double> bias;     // [num_labels]

  // W x + b; x [dim].
  std::vector<double> Logits(std::span<const float> x) const;
  std::vector<double> LogProbabilities(std::span<const float> x) const;
};

// x[i] - log(sum of exp(x)) by base/real_math.h.
std::vector<double> LogSoftmax(std::span<const double> logits);

}  // namespace rowmill
