// What work costs on this machine: seconds as a sum over kinds of work, each with a price that is
// fitted to measured steps of execution units. Reading a prompt and writing an answer have prices
// of their own, since a step with a few hundred prompt tokens is bound by arithmetic and one with a
// few answers by reading the weights.
//
// The fit is ridge regression towards a prior, with prices that are never negative: a pilot on rows
// of one length cannot tell tokens from pairs of tokens, and then the prior decides how a price is
// divided among them.
//
// What it is not: a model of the machine. Prices hold for the units, threads and budget that the
// steps were measured with.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace rowmill {

enum class WorkKind : size_t {
  kStep,         // whatever is in it: the weights are read once
  kPromptToken,  // or another unit of media
  kAnswerToken,  // with what it takes to choose the next one
  kPromptEnd,    // the logits behind a prompt
  kTokenPair,    // a token and one that its attention looks at
};
inline constexpr size_t kNumWorkKinds = 5;

// Amounts by kind.
struct Work {
  std::array<double, kNumWorkKinds> amounts{};

  double& operator[](WorkKind kind) { return amounts[static_cast<size_t>(kind)]; }
  double operator[](WorkKind kind) const { return amounts[static_cast<size_t>(kind)]; }
  Work& operator+=(const Work& other);
  Work Times(double factor) const;
  double tokens() const {
    return (*this)[WorkKind::kPromptToken] + (*this)[WorkKind::kAnswerToken];
  }
};

// The pairs of `count` tokens that follow `before` others.
inline double CausalPairs(double before, double count) {
  return count * before + count * (count + 1.0) / 2.0;
}

struct WorkSample {
  Work work;
  double seconds = 0.0;
};

struct WorkCost {
  std::array<double, kNumWorkKinds> prices{};  // seconds for each of its kind, not negative

  double Seconds(const Work& work) const;
};

// The prices that explain the samples best, near `prior`, whose scale does not matter: it is first
// brought to that of the samples. All zero where the samples took no time.
WorkCost FitWorkCost(std::span<const WorkSample> samples, const WorkCost& prior);

}  // namespace rowmill
