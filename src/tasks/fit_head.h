// Fits a linear head on labelled vectors: multinomial logistic regression with an L2 penalty on the
// weights and none on the bias, the objective of scikit-learn's LogisticRegression:
//   C * sum over rows of -log p(label) + |W|^2 / 2.
// C is chosen among a few by cross-validation. No random numbers: folds are dealt out in row order
// within each label, and the minimum of a convex function is found by L-BFGS (Liu, Nocedal, 1989)
// in double, with sums in one fixed order.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "decode/linear_head.h"

namespace rowmill {

struct LabelledVectors {
  size_t dim = 0;
  size_t num_labels = 0;
  std::vector<std::vector<float>> vectors;  // [rows][dim]
  std::vector<size_t> labels;               // [rows], below num_labels
};

// The minimum for one C, over the rows in `rows`.
LinearHead FitLinearHead(const LabelledVectors& data, std::span<const size_t> rows, double c);

struct FittedHead {
  LinearHead head;        // on all rows
  double c = 0.0;         // the choice
  double accuracy = 0.0;  // of the choice, in cross-validation
  size_t num_folds = 0;
};

// At least two rows of each label; fewer folds than five where a label has fewer rows.
FittedHead FitHead(const LabelledVectors& data);

}  // namespace rowmill
