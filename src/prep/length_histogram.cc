#include "prep/length_histogram.h"

#include <algorithm>
#include <bit>

namespace rowmill {
namespace {

// Lengths are counted as 16 * (length + 1): the value has at least five bits, of which the leading
// one gives the octave and the next three the eighth, and length 0 has a logarithm.
constexpr uint64_t kScale = 16;
constexpr uint64_t kMaxLength = uint64_t{1} << 48;

}  // namespace

size_t LengthHistogram::BucketOf(uint64_t length) {
  const uint64_t value = kScale * (std::min(length, kMaxLength) + 1);
  const auto octave = static_cast<size_t>(std::bit_width(value) - 1);
  return (octave - 4) * 8 + ((value >> (octave - 3)) & 7);
}

// The smallest length in a bucket: the first value is (8 + eighth) << (octave - 3).
uint64_t LengthHistogram::FirstLength(size_t bucket) {
  const uint64_t value = (8 + bucket % 8) << (bucket / 8 + 1);
  const uint64_t rounded_up = (value + kScale - 1) / kScale;
  return rounded_up - 1;
}

void LengthHistogram::Add(uint64_t length) {
  ++buckets_[BucketOf(length)];
  ++count_;
  total_ += length;
  min_ = std::min(min_, length);
  max_ = std::max(max_, length);
}

void LengthHistogram::Merge(const LengthHistogram& other) {
  for (size_t i = 0; i < kNumBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  total_ += other.total_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

size_t LengthHistogram::PercentileBucket(unsigned percent) const {
  // The smallest bucket that has at least `percent` of the rows in it and before it.
  const uint64_t wanted =
      std::max<uint64_t>(1, count_ / 100 * percent + (count_ % 100 * percent + 99) / 100);
  uint64_t seen = 0;
  for (size_t i = 0; i < kNumBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return i;
  }
  return kNumBuckets - 1;
}

uint64_t LengthHistogram::Percentile(unsigned percent) const {
  if (count_ == 0) return 0;
  return std::clamp(FirstLength(PercentileBucket(percent)), min_, max_);
}

LengthOutliers LengthHistogram::FindOutliers() const {
  LengthOutliers outliers;
  constexpr uint64_t kMinRows = 20;
  if (count_ < kMinRows) return outliers;
  constexpr size_t kMinReach = 8 * 3;  // Three octaves: a factor of eight.
  const size_t first_quartile = PercentileBucket(25);
  const size_t third_quartile = PercentileBucket(75);
  const size_t reach = std::max(kMinReach, 3 * (third_quartile - first_quartile));
  const size_t low = first_quartile - std::min(first_quartile, reach);
  const size_t high = third_quartile + reach;
  outliers.short_below = FirstLength(low);
  for (size_t i = 0; i < low; ++i) outliers.num_short += buckets_[i];
  if (high + 1 >= kNumBuckets) return outliers;
  outliers.long_from = FirstLength(high + 1);
  for (size_t i = high + 1; i < kNumBuckets; ++i) outliers.num_long += buckets_[i];
  return outliers;
}

}  // namespace rowmill
