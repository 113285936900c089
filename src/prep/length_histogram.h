// Lengths of all rows in constant memory, and which of them are out of the ordinary. Counts in
// buckets of an eighth of an octave, so every figure is exact to 12 percent, and the order of rows
// or the number of threads that counted them changes nothing. Integers only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rowmill {

// Lengths outside Tukey's outer fences on the logarithm of the length: three times the distance
// between the quartiles away from them, but at least a factor of eight, so that a data set of
// equally long rows has no outliers for a word more. Nothing is an outlier among fewer than 20
// rows.
struct LengthOutliers {
  uint64_t num_short = 0;
  uint64_t num_long = 0;
  uint64_t short_below = 0;  // lengths below this were counted
  uint64_t long_from = 0;    // lengths from this on were counted; 0 where there is no such fence
};

class LengthHistogram {
 public:
  void Add(uint64_t length);
  void Merge(const LengthHistogram& other);

  uint64_t count() const { return count_; }
  uint64_t total() const { return total_; }
  uint64_t min() const { return count_ == 0 ? 0 : min_; }
  uint64_t max() const { return max_; }
  // The length that `percent` of the rows do not exceed, exact to its bucket; 0 without rows.
  uint64_t Percentile(unsigned percent) const;
  LengthOutliers FindOutliers() const;

 private:
  static constexpr size_t kNumBuckets = 8 * 60;
  static size_t BucketOf(uint64_t length);
  static uint64_t FirstLength(size_t bucket);
  size_t PercentileBucket(unsigned percent) const;

  std::array<uint64_t, kNumBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t total_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
};

}  // namespace rowmill
