// Rescales a numeric column: to mean 0 and standard deviation 1 (z-score), or to the range from 0
// to 1 (min-max). Learned over the whole data set before the first row is turned into a prompt.
//
// Mean and deviation are those of exact sums (exact_sum.h), rounded at the end, so neither the
// order of the rows nor their cut into parts can change a byte.
#pragma once

#include <cstdint>

#include "prep/exact_sum.h"

namespace rowmill {

enum class Scaling : uint8_t { kZScore, kMinMax };

// (value - offset) / (2 * half_width), a value that is not finite staying as it is. A column whose
// values are all equal becomes 0. Values outside the learned range leave 0 to 1 under min-max.
struct LinearScale {
  double offset = 0;
  double half_width = 0;  // halves, as the range of a column may be beyond the largest double; 0:
                          // all learned values are equal
  double Apply(double value) const;
};

class FeatureScaler {
 public:
  // Learns one value. Values that are not finite are counted and left out.
  void Add(double value);
  void Merge(const FeatureScaler& other);

  uint64_t count() const { return count_; }
  uint64_t num_not_finite() const { return num_not_finite_; }
  // Of at least one value.
  double Min() const;
  double Max() const;
  double Mean() const;
  // Of the population (divided by the number of values), as scikit-learn's StandardScaler has it.
  double StandardDeviation() const;

  // What turns values into scaled ones. Needs at least one learned value.
  LinearScale Fit(Scaling scaling) const;

 private:
  uint64_t count_ = 0;
  uint64_t num_not_finite_ = 0;
  double min_ = 0;
  double max_ = 0;
  ExactSum sum_;
  ExactSum squares_;
};

}  // namespace rowmill
