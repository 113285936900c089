// Quantiles of many values in fixed memory: counts in buckets that widen with the value, 64 to each
// power of two (the layout of HdrHistogram, http://hdrhistogram.org).
//
// Error: a quantile is off by at most 1/128 (0.8 %) of the value, and exact below 128. Unlike P2 or
// t-digests the error is a bound, not an expectation, and merging in any order gives the same
// counts.
//
// Values are whole numbers in a unit of the caller's choice: nanoseconds, tokens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rowmill {

// Values from `from` up to `to`, the latter not included but in the last bin.
struct HistogramBin {
  double from = 0.0;
  double to = 0.0;
  uint64_t count = 0;
};

class QuantileHistogram {
 public:
  void Add(uint64_t value);
  void Merge(const QuantileHistogram& other);

  uint64_t count() const { return count_; }
  uint64_t min() const { return min_; }  // exact; 0 where empty
  uint64_t max() const { return max_; }  // exact
  // Exact up to the rounding of one division; 0 where empty.
  double Mean() const;
  // The smallest value that at least `fraction` of all values do not exceed (nearest rank), within
  // the error above; 0 where empty. `fraction` in [0, 1].
  uint64_t Quantile(double fraction) const;
  // For a picture: at most `max_bins` bins between the smallest and the largest value, of equal
  // width, or of equal ratio where the largest is more than twenty times the smallest. A value at
  // an edge may be counted in the neighbour, within the error above. Empty where there is nothing.
  std::vector<HistogramBin> Bins(size_t max_bins) const;

 private:
  static constexpr int kSubBits = 6;  // 64 buckets to a power of two
  static constexpr size_t kNumBuckets = (64 - kSubBits + 1) << kSubBits;

  static size_t BucketOf(uint64_t value);
  static uint64_t MiddleOf(size_t bucket);

  std::array<uint64_t, kNumBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t sum_high_ = 0;  // the sum in 128 bits, so that it is exact whatever the order
  uint64_t sum_low_ = 0;
  uint64_t min_ = 0;
  uint64_t max_ = 0;
};

}  // namespace rowmill
