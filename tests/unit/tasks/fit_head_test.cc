#include "tasks/fit_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace rowmill {
namespace {

// Three clouds that overlap; the generator's sequence is fixed by the standard.
LabelledVectors Clouds(size_t rows_per_label) {
  std::mt19937_64 random(7);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53 - 0.5; };
  LabelledVectors data;
  data.dim = 5;
  data.num_labels = 3;
  for (size_t row = 0; row < 3 * rows_per_label; ++row) {
    const size_t label = row % 3;
    std::vector<float> x;
    for (size_t i = 0; i < data.dim; ++i) {
      x.push_back(static_cast<float>(unit() + (i == label ? 0.4 : 0.0)));
    }
    data.vectors.push_back(x);
    data.labels.push_back(label);
  }
  return data;
}

std::vector<size_t> AllRows(const LabelledVectors& data) {
  std::vector<size_t> rows(data.labels.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  return rows;
}

// At the minimum the gradient is zero: the weights are C times the sum of errors times inputs, and
// the errors of each label sum to zero.
TEST(FitLinearHead, FindsTheMinimum) {
  const LabelledVectors data = Clouds(60);
  for (const double c : {0.1, 1.0, 30.0}) {
    const LinearHead head = FitLinearHead(data, AllRows(data), c);
    for (size_t label = 0; label < 3; ++label) {
      double bias_gradient = 0;
      std::vector<double> gradient(data.dim, 0.0);
      for (size_t row = 0; row < data.labels.size(); ++row) {
        const double p = std::exp(head.LogProbabilities(data.vectors[row])[label]);
        const double error = c * (p - (data.labels[row] == label ? 1.0 : 0.0));
        bias_gradient += error;
        for (size_t i = 0; i < data.dim; ++i) {
          gradient[i] += error * static_cast<double>(data.vectors[row][i]);
        }
      }
      EXPECT_NEAR(bias_gradient, 0.0, 1e-3) << c;
      for (size_t i = 0; i < data.dim; ++i) {
        EXPECT_NEAR(gradient[i] + head.weights[label * data.dim + i], 0.0, 1e-3) << c;
      }
    }
  }
}

TEST(FitLinearHead, GivesTheSameBitsAgain) {
  const LabelledVectors data = Clouds(20);
  const LinearHead first = FitLinearHead(data, AllRows(data), 1.0);
  EXPECT_EQ(first.weights, FitLinearHead(data, AllRows(data), 1.0).weights);
}

TEST(FitHead, SeparatesWhatCanBeSeparated) {
  const FittedHead fitted = FitHead(Clouds(60));
  EXPECT_EQ(fitted.num_folds, 5u);
  EXPECT_GT(fitted.accuracy, 0.6);  // 1/3 by chance
  EXPECT_LT(fitted.accuracy, 0.95);
}

TEST(FitHead, FewRowsOfALabelMakeFewFolds) { EXPECT_EQ(FitHead(Clouds(3)).num_folds, 3u); }

}  // namespace
}  // namespace rowmill
