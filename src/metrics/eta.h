// How long the rest of a run will take, from tokens done over time. Tokens rather than rows,
// because rows differ in length by orders of magnitude and the long ones run first.
//
// The rate is that of the most recent half of the elapsed time: the beginning has cold caches and
// pages that are not there yet, and under longest-first order a token gets cheaper towards the end.
// The uncertainty is twice the standard error of the rate, taken from how much the rate changed
// between the marks of that half, plus how far the two halves are apart.
//
// What it is not: a clock. Times are passed in, in seconds from any origin; so tests need no
// waiting. Fixed memory: at most kMaxMarks past points are kept, thinned out evenly as time goes
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rowmill {

struct Eta {
  double seconds = 0.0;  // until the last token
  double low = 0.0;      // about 95 % of the time the truth lies in [low, high]
  double high = 0.0;
  double tokens_per_second = 0.0;
};

class EtaEstimator {
 public:
  // `total_tokens`: all that this run has to do; what an earlier run did does not count. The clock
  // of the run starts at `start_seconds`.
  EtaEstimator(uint64_t total_tokens, double start_seconds);

  // Where the total was a guess and a better one is known.
  void SetTotal(uint64_t total_tokens) { total_tokens_ = total_tokens; }
  // `tokens_done`: so far. Neither number may fall.
  void Update(double seconds, uint64_t tokens_done);
  // As of `now_seconds`, not before the last update. Nothing until some tokens have taken some
  // time.
  std::optional<Eta> Estimate(double now_seconds) const;

 private:
  static constexpr size_t kMaxMarks = 64;

  struct Mark {
    double seconds;
    uint64_t tokens;
  };

  uint64_t total_tokens_;
  std::vector<Mark> marks_;  // ascending; the first is the start
  Mark latest_;
  uint64_t updates_ = 0;
  uint64_t stride_ = 1;  // every so many updates leave a mark
};

}  // namespace rowmill
