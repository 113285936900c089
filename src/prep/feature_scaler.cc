#include "prep/feature_scaler.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace rowmill {

void FeatureScaler::Add(double value) {
  if (!std::isfinite(value)) {
    ++num_not_finite_;
    return;
  }
  // Adding zero makes -0 a +0: which of the two the minimum is must not depend on the order.
  value += 0.0;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  ++count_;
  sum_.Add(value);
  squares_.AddSquare(value);
}

void FeatureScaler::Merge(const FeatureScaler& other) {
  if (other.count_ > 0) {
    min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
  }
  count_ += other.count_;
  num_not_finite_ += other.num_not_finite_;
  sum_.Merge(other.sum_);
  squares_.Merge(other.squares_);
}

double FeatureScaler::Min() const {
  CHECK(count_ > 0);
  return min_;
}

double FeatureScaler::Max() const {
  CHECK(count_ > 0);
  return max_;
}

double FeatureScaler::Mean() const {
  CHECK(count_ > 0);
  // The sum may lie beyond the range where the mean does not, so its exponent joins at the end.
  const ScaledDouble sum = Round(sum_.Magnitude(), ExactSum::kUnitExponent);
  const ScaledDouble mean = {sum.mantissa / static_cast<double>(count_), sum.exponent};
  return sum_.negative() ? -mean.Value() : mean.Value();
}

// With n values, their sum S and the sum Q of their squares, the variance is (n Q - S^2) / n^2. The
// difference is formed from the exact integers, so nothing cancels.
double FeatureScaler::StandardDeviation() const {
  CHECK(count_ > 0);
  const WideNatural sum = sum_.Magnitude();
  // S^2 has the unit 2^(2u); Q has 2^u, so it is multiplied by 2^-u as well as by n.
  constexpr int64_t kUnit = ExactSum::kUnitExponent;
  WideNatural factor(static_cast<size_t>(-kUnit) / 64 + 1, 0);
  factor.back() = uint64_t{1} << (static_cast<uint64_t>(-kUnit) % 64);
  const WideNatural scaled_squares = Multiply(Multiply(squares_.Magnitude(), {count_}), factor);
  const ScaledDouble spread = Round(Subtract(scaled_squares, Multiply(sum, sum)), 2 * kUnit);
  // The square root halves the exponent, which has to be even for that.
  const bool odd = spread.exponent % 2 != 0;
  const int64_t exponent = spread.exponent - (odd ? 1 : 0);
  const double root = std::sqrt(odd ? 2 * spread.mantissa : spread.mantissa);
  return ScaledDouble{root / static_cast<double>(count_), exponent / 2}.Value();
}

LinearScale FeatureScaler::Fit(Scaling scaling) const {
  CHECK(count_ > 0);
  if (min_ == max_) return {min_, 0};
  if (scaling == Scaling::kZScore) return {Mean(), StandardDeviation() / 2};
  return {min_, max_ / 2 - min_ / 2};
}

double LinearScale::Apply(double value) const {
  if (!std::isfinite(value)) return value;
  if (half_width == 0) return 0;
  return (value / 2 - offset / 2) / half_width;
}

}  // namespace rowmill
