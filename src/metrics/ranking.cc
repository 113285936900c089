#include "metrics/ranking.h"

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {

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
