#include "metrics/quantile_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace rowmill {

// Values below 2^(kSubBits + 1) have buckets of their own. From there on the leading kSubBits + 1
// bits, whose first is always one, say which bucket of its power of two a value is in.
size_t QuantileHistogram::BucketOf(uint64_t value) {
  constexpr uint64_t kFirstShared = uint64_t{2} << kSubBits;
  if (value < kFirstShared) return static_cast<size_t>(value);
  const int shift = std::bit_width(value) - (kSubBits + 1);
  return (static_cast<size_t>(shift) << kSubBits) + static_cast<size_t>(value >> shift);
}

uint64_t QuantileHistogram::MiddleOf(size_t bucket) {
  constexpr size_t kFirstShared = size_t{2} << kSubBits;
  if (bucket < kFirstShared) return bucket;
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t low = static_cast<uint64_t>(bucket - (shift << kSubBits)) << shift;
  return low + (uint64_t{1} << shift) / 2;
}

void QuantileHistogram::Add(uint64_t value) {
  ++counts_[BucketOf(value)];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  ++count_;
  if (__builtin_add_overflow(sum_low_, value, &sum_low_)) ++sum_high_;
}

void QuantileHistogram::Merge(const QuantileHistogram& other) {
  if (other.count_ == 0) return;
  for (size_t i = 0; i < kNumBuckets; ++i) counts_[i] += other.counts_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_high_ += other.sum_high_;
  if (__builtin_add_overflow(sum_low_, other.sum_low_, &sum_low_)) ++sum_high_;
}

double QuantileHistogram::Mean() const {
  if (count_ == 0) return 0.0;
  constexpr double kTwoTo64 = 18446744073709551616.0;
  const double sum = static_cast<double>(sum_high_) * kTwoTo64 + static_cast<double>(sum_low_);
  return sum / static_cast<double>(count_);
}

uint64_t QuantileHistogram::Quantile(double fraction) const {
  CHECK(fraction >= 0.0 && fraction <= 1.0);
  if (count_ == 0) return 0;
  // The rank is counted from 1; what is at or below it is `fraction` of all or more. The product is
  // rounded down and then corrected, because a double cannot hold it exactly.
  const double exact = fraction * static_cast<double>(count_);
  auto rank = static_cast<uint64_t>(exact);
  if (static_cast<double>(rank) < exact) ++rank;
  rank = std::clamp<uint64_t>(rank, 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kNumBuckets; ++bucket) {
    seen += counts_[bucket];
    // The ends are known exactly, and a bucket's middle may lie outside of them.
    if (seen >= rank) return std::clamp(MiddleOf(bucket), min_, max_);
  }
  CHECK(false);
}

std::vector<HistogramBin> QuantileHistogram::Bins(size_t max_bins) const {
  CHECK(max_bins > 0);
  if (count_ == 0) return {};
  const auto low = static_cast<double>(min_);
  const auto high = static_cast<double>(max_);
  const bool is_wide = min_ > 0 && high > 20.0 * low;
  const size_t distinct = max_ - min_ < max_bins ? static_cast<size_t>(max_ - min_ + 1) : max_bins;
  std::vector<HistogramBin> bins(is_wide ? max_bins : distinct);
  const auto count = static_cast<double>(bins.size());
  // Whole numbers that each have a bin of their own: the last one needs an edge behind it.
  const double end = distinct < max_bins && !is_wide ? high + 1.0 : high;
  for (size_t i = 0; i < bins.size(); ++i) {
    const auto edge = [&](double part) {
      return is_wide ? low * std::exp(std::log(high / low) * part / count)
                     : low + (end - low) * part / count;
    };
    bins[i].from = edge(static_cast<double>(i));
    bins[i].to = edge(static_cast<double>(i) + 1.0);
  }
  for (size_t bucket = 0; bucket < kNumBuckets; ++bucket) {
    if (counts_[bucket] == 0) continue;
    const auto value = static_cast<double>(std::clamp(MiddleOf(bucket), min_, max_));
    const auto above =
        std::upper_bound(bins.begin(), bins.end(), value,
                         [](double v, const HistogramBin& bin) { return v < bin.from; });
    bins[above == bins.begin() ? 0 : static_cast<size_t>(above - bins.begin()) - 1].count +=
        counts_[bucket];
  }
  return bins;
}

}  // namespace rowmill
