#include "decode/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/real_math.h"
#include "decode/keyed_random.h"

namespace rowmill {
namespace {

// Beyond these a value is a mistake; within them no product with a logit leaves the range of f32.
constexpr float kLowestTemperature = 0.001f;
constexpr float kHighestTemperature = 100.0f;
constexpr float kLowestPenalty = 0.1f;
constexpr float kHighestPenalty = 10.0f;

struct Candidate {
  float logit;
  int32_t token;
};

// Higher logits first, equal ones by token id: a strict total order, so that every algorithm that
// sorts by it gives the same sequence.
bool ComesBefore(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// All tokens in the order of ComesBefore, found lazily: sorting a whole vocabulary costs more than
// the rest of a step, and nearly every draw ends within the first few hundred. Each window holds
// the tokens whose distance from the maximum lies between two bounds, so the windows one after the
// other are the sorted vocabulary whatever the bounds are.
class SortedCandidates {
 public:
  // No rank from `limit` on will be asked for.
  SortedCandidates(std::span<const float> logits, float max, size_t limit)
      : logits_(logits), max_(max), limit_(limit) {}

  // The candidate at `rank`, or nullptr where there are no more.
  const Candidate* At(size_t rank) {
    while (rank >= sorted_.size()) {
      if (next_window_ == kWindows.size()) return nullptr;
      AppendWindow(next_window_++);
    }
    return &sorted_[rank];
  }

 private:
  static constexpr float kEndless = std::numeric_limits<float>::infinity();
  // In nats below the maximum. A pass costs as much as sorting a few hundred candidates, hence the
  // steps.
  static constexpr std::array<float, 6> kWindows = {4.0f, 8.0f, 12.0f, 16.0f, 24.0f, kEndless};

  void AppendWindow(size_t window) {
    // A token belongs to the first window whose floor it is not below; the last takes minus
    // infinity too.
    const float floor = max_ - kWindows[window];
    const float ceiling = window == 0 ? kEndless : max_ - kWindows[window - 1];
    const size_t first = sorted_.size();
    for (size_t i = 0; i < logits_.size(); ++i) {
      const float logit = logits_[i];
      if (logit >= floor && (window == 0 || logit < ceiling)) {
        sorted_.push_back({logit, static_cast<int32_t>(i)});
      }
    }
    const auto begin = sorted_.begin() + static_cast<ptrdiff_t>(first);
    if (sorted_.size() > limit_) {  // Top-k of a peaked distribution: most of a wide window is cut.
      std::nth_element(begin, sorted_.begin() + static_cast<ptrdiff_t>(limit_), sorted_.end(),
                       ComesBefore);
      sorted_.resize(limit_);
    }
    std::sort(begin, sorted_.end(), ComesBefore);
  }

  std::span<const float> logits_;
  float max_;
  size_t limit_;
  size_t next_window_ = 0;
  std::vector<Candidate> sorted_;
};

// exp(logit - max), 0 where that is below every number that could matter.
double Weight(float logit, float max) {
  const double difference = static_cast<double>(logit) - static_cast<double>(max);
  return difference < -700.0 ? 0.0 : RealExp(difference);
}

// CTRL's penalty: what was said already loses, each token once however often it occurs.
void Penalise(std::span<float> logits, std::span<const int32_t> history, float penalty) {
  std::vector<uint64_t> seen(logits.size() / 64 + 1);
  for (const int32_t token : history) {
    CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
    const uint64_t bit = uint64_t{1} << (token % 64);
    if (seen[token / 64] & bit) continue;
    seen[token / 64] |= bit;
    float& logit = logits[token];
    logit = logit > 0.0f ? logit / penalty : logit * penalty;
  }
}

[[noreturn]] void Refuse(const char* option, float value, const char* allowed) {
  throw UsageError(std::string("--") + option + " " + std::to_string(value) + ": it must be " +
                   allowed + ".");
}

}  // namespace

void SamplingOptions::Validate() const {
  // Written so that NaN fails every comparison.
  if (!(temperature == 0.0f ||
        (temperature >= kLowestTemperature && temperature <= kHighestTemperature))) {
    Refuse("temperature", temperature, "0 (always the likeliest token) or from 0.001 to 100");
  }
  if (top_k < 0) {
    throw UsageError("--top-k " + std::to_string(top_k) +
                     ": it must be 0 (no limit) or a number of tokens.");
  }
  if (!(top_p > 0.0f && top_p <= 1.0f)) {
    Refuse("top-p", top_p, "above 0 and at most 1 (1: no limit)");
  }
  if (!(min_p >= 0.0f && min_p <= 1.0f)) Refuse("min-p", min_p, "from 0 (no limit) to 1");
  if (!(repetition_penalty >= kLowestPenalty && repetition_penalty <= kHighestPenalty)) {
    Refuse("repetition-penalty", repetition_penalty, "from 0.1 to 10 (1: none)");
  }
}

double LogSumExp(std::span<const float> logits, const kernels::KernelTable& kernels) {
  CHECK(!logits.empty());
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const float max = kernels.max_value(logits.data(), logits.size());
  if (!std::isfinite(max)) return kNan;
  // At least 1, the maximum's own share.
  const float sum = kernels.sum_exp(logits.data(), logits.size(), max);
  return static_cast<double>(max) + RealLog(static_cast<double>(sum));
}

Sampler::Sampler(const SamplingOptions& options, const kernels::KernelTable& kernels)
    : options_(options), kernels_(&kernels) {
  options.Validate();
}

SampledToken Sampler::Pick(std::span<float> logits, const SampleKey& key,
                           std::span<const int32_t> history) const {
  const double log_sum_exp = LogSumExp(logits, *kernels_);
  if (!std::isfinite(log_sum_exp)) return {.token = -1, .log_probability = 0.0f, .finite = false};

  const bool changes_logits = options_.repetition_penalty != 1.0f ||
                              (options_.temperature != 0.0f && options_.temperature != 1.0f);
  if (!changes_logits) {
    const int32_t token = PickAdjusted(logits, key);
    return {.token = token, .log_probability = LogProbability(logits, token, log_sum_exp)};
  }
  std::vector<float> adjusted(logits.begin(), logits.end());
  if (options_.repetition_penalty != 1.0f) {
    Penalise(adjusted, history, options_.repetition_penalty);
  }
  if (options_.temperature != 0.0f) {
    kernels_->scale(adjusted.data(), 1.0f / options_.temperature, adjusted.data(), adjusted.size());
  }
  const int32_t token = PickAdjusted(adjusted, key);
  if (token < 0) return {.token = -1, .log_probability = 0.0f, .finite = false};
  return {.token = token, .log_probability = LogProbability(logits, token, log_sum_exp)};
}

float Sampler::LogProbability(std::span<const float> logits, int32_t token, double log_sum_exp) {
  return static_cast<float>(static_cast<double>(logits[token]) - log_sum_exp);
}

int32_t Sampler::PickAdjusted(std::span<const float> logits, const SampleKey& key) const {
  const float max = kernels_->max_value(logits.data(), logits.size());
  if (!std::isfinite(max)) return -1;  // The penalty or the temperature left the range of f32.
  if (options_.temperature == 0.0f) {
    return static_cast<int32_t>(std::find(logits.begin(), logits.end(), max) - logits.begin());
  }
  return Draw(logits, max, UnitInterval(Random(key)));
}

PhiloxBlock Sampler::Random(const SampleKey& key) const {
  const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  const auto high = [](uint64_t x) { return static_cast<uint32_t>(x >> 32); };
  const std::array<PhiloxBlock, 3> message = {{
      {low(key.prompt.lo), high(key.prompt.lo), low(key.prompt.hi), high(key.prompt.hi)},
      {std::bit_cast<uint32_t>(options_.temperature), std::bit_cast<uint32_t>(options_.top_p),
       std::bit_cast<uint32_t>(options_.min_p),
       std::bit_cast<uint32_t>(options_.repetition_penalty)},
      {static_cast<uint32_t>(options_.top_k), 0u, key.sample, key.position},
  }};
  return KeyedRandom(options_.seed, message);
}

int32_t Sampler::Draw(std::span<const float> logits, float max, double uniform) const {
  const size_t limit =
      options_.top_k == 0 ? logits.size() : std::min<size_t>(options_.top_k, logits.size());
  SortedCandidates candidates(logits, max, limit);

  // Mass of what top-k leaves: over the whole vocabulary by the kernels, otherwise in sorted order.
  double mass = 0.0;
  if (limit == logits.size()) {
    mass = static_cast<double>(kernels_->sum_exp(logits.data(), logits.size(), max));
  } else {
    for (size_t rank = 0; rank < limit; ++rank) mass += Weight(candidates.At(rank)->logit, max);
  }

  // Both cuts leave a beginning of the sorted order. Without a cut the sum is not compared with the
  // mass, which the kernels rounded in another order.
  size_t kept = limit;
  const double top_p = static_cast<double>(options_.top_p);
  const double min_p = static_cast<double>(options_.min_p);
  if (top_p < 1.0 || min_p > 0.0) {
    double sum = 0.0;
    for (kept = 0; kept < limit && (top_p >= 1.0 || sum < top_p * mass); ++kept) {
      const double weight = Weight(candidates.At(kept)->logit, max);
      if (weight == 0.0 || weight < min_p) break;
      sum += weight;
    }
    mass = sum;
  }

  const double target = uniform * mass;
  double sum = 0.0;
  for (size_t rank = 0; rank < kept; ++rank) {
    const Candidate& candidate = *candidates.At(rank);
    const double weight = Weight(candidate.logit, max);
    if (weight == 0.0) break;  // Nothing from here on can be drawn.
    sum += weight;
    if (sum > target) return candidate.token;
  }
  // The kernels' mass is a few millionths more than the sum: what is left over goes to the
  // likeliest token, not to the least likely one.
  return candidates.At(0)->token;
}

}  // namespace rowmill
