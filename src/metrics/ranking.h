// Ranked lists, and their figures with one right answer each: hit rate, NDCG, MRR, from the rank at
// which the right answer stands. Without a cut-off where k is 0.
//
// With one relevant item the ideal DCG is 1, so that NDCG is 1 / log2(rank + 1) (Jarvelin and
// Kekalainen, Cumulated gain-based evaluation of IR techniques, TOIS 2002).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rowmill {

// The positions of the `count` largest scores, best first, equal ones in ascending position.
std::vector<size_t> LargestScores(std::span<const double> scores, size_t count);

// 1 / log2(rank + 1), rank from 1.
double RankGain(uint64_t rank);

class RankingSum {
 public:
  explicit RankingSum(uint64_t k) : k_(k) {}
  // `rank` of the right answer, from 1.
  void Add(uint64_t rank);

  uint64_t count() const { return count_; }
  // Means over what was added; 0 where that is nothing.
  double hit_rate() const { return Mean(static_cast<double>(hits_)); }
  double ndcg() const { return Mean(gains_); }
  double mrr() const { return Mean(reciprocals_); }

 private:
  double Mean(double sum) const { return count_ == 0 ? 0.0 : sum / static_cast<double>(count_); }

  uint64_t k_;
  uint64_t count_ = 0;
  uint64_t hits_ = 0;
  double gains_ = 0.0;
  double reciprocals_ = 0.0;
};

}  // namespace rowmill
