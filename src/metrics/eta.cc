#include "metrics/eta.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace rowmill {

EtaEstimator::EtaEstimator(uint64_t total_tokens, double start_seconds)
    : total_tokens_(total_tokens),
      marks_({{.seconds = start_seconds, .tokens = 0}}),
      latest_(marks_.front()) {}

void EtaEstimator::Update(double seconds, uint64_t tokens_done) {
  CHECK(seconds >= latest_.seconds && tokens_done >= latest_.tokens);
  latest_ = {.seconds = seconds, .tokens = tokens_done};
  if (++updates_ % stride_ != 0) return;
  // Two marks of the same time would be a piece of no length.
  if (seconds == marks_.back().seconds) return;
  if (marks_.size() == kMaxMarks) {
    // Every second mark goes, and from now on half as many updates leave one.
    size_t kept = 0;
    for (size_t i = 0; i < marks_.size(); i += 2) marks_[kept++] = marks_[i];
    marks_.resize(kept);
    stride_ *= 2;
  }
  marks_.push_back(latest_);
}

std::optional<Eta> EtaEstimator::Estimate(double now_seconds) const {
  CHECK(now_seconds >= latest_.seconds);
  const double start = marks_.front().seconds;
  const double elapsed = latest_.seconds - start;
  if (!(elapsed > 0.0) || latest_.tokens == 0) return std::nullopt;
  // The window: from the last mark in the first half of the elapsed time.
  size_t first = 0;
  while (first + 1 < marks_.size() && marks_[first + 1].seconds <= start + elapsed / 2) ++first;
  if (marks_[first].tokens == latest_.tokens) first = 0;  // Nothing happened lately.
  const auto rate_between = [](const Mark& a, const Mark& b) {
    return static_cast<double>(b.tokens - a.tokens) / (b.seconds - a.seconds);
  };
  const double rate = rate_between(marks_[first], latest_);

  // Variance of the rate over the pieces of the window, weighted by their duration, and the number
  // of pieces that count: Kish's effective sample size.
  double squares = 0.0;
  double duration = 0.0;
  double duration_squares = 0.0;
  const auto add_piece = [&](const Mark& a, const Mark& b) {
    const double length = b.seconds - a.seconds;
    if (!(length > 0.0)) return;
    const double difference = rate_between(a, b) - rate;
    squares += length * difference * difference;
    duration += length;
    duration_squares += length * length;
  };
  for (size_t i = first; i + 1 < marks_.size(); ++i) add_piece(marks_[i], marks_[i + 1]);
  add_piece(marks_.back(), latest_);
  const double pieces = duration * duration / duration_squares;

  double relative = 0.5;  // Hardly anything is known yet.
  if (pieces > 1.5) {
    const double error = std::sqrt(squares / duration / (pieces - 1.0)) / rate;
    // How fast the rate changes: the two halves side by side, as far as there are two.
    const double drift =
        first == 0 ? 0.0
                   : std::abs(rate_between(marks_.front(), marks_[first]) - rate) / (2.0 * rate);
    relative = 2.0 * error + drift;
  }
  Eta eta;
  eta.tokens_per_second = rate;
  const double left = static_cast<double>(total_tokens_ - std::min(total_tokens_, latest_.tokens));
  // Rates from which the bounds follow; a rate may be three times as low or high at most, or the
  // bounds would say nothing.
  const double slow = rate * std::max(1.0 - relative, 1.0 / 3.0);
  const double fast = rate * std::min(1.0 + relative, 3.0);
  const double passed = now_seconds - latest_.seconds;
  eta.seconds = std::max(0.0, left / rate - passed);
  eta.low = std::max(0.0, left / fast - passed);
  eta.high = std::max(0.0, left / slow - passed);
  return eta;
}

}  // namespace rowmill
