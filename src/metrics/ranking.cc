#include "metrics/ranking.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {

std::vector<size_t> LargestScores(std::span<const double> scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
      [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  order.resize(count);
  return order;
}

double RankGain(uint64_t rank) {
  CHECK(rank > 0);
  return RealLog(2.0) / RealLog(static_cast<double>(rank) + 1.0);
}

void RankingSum::Add(uint64_t rank) {
  ++count_;
  if (k_ > 0 && rank > k_) return;
  ++hits_;
  gains_ += RankGain(rank);
  reciprocals_ += 1.0 / static_cast<double>(rank);
}

}  // namespace rowmill
