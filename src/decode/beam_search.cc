#include "decode/beam_search.h"

#include <algorithm>

#include "base/check.h"
#include "base/real_math.h"
#include "decode/sampler.h"

namespace rowmill {
namespace {

// Logits that are compared at a time: what no lane of a block passes is skipped without a branch
// per element.
constexpr size_t kBlock = 32;

// Whether one of kBlock values is at least `bound`.
bool AnyAtLeast(const float* x, float bound) {
  bool any = false;
  for (size_t i = 0; i < kBlock; ++i) any |= x[i] >= bound;
  return any;
}

}  // namespace

BeamSearch::BeamSearch(const BeamOptions& options, uint32_t max_tokens)
    : options_(options), max_tokens_(max_tokens), width_(options.beam), open_(1) {
  CHECK(options.beam >= 1 && options.beam <= kMaxBeam && max_tokens >= 1);
}

bool BeamSearch::IsAllowed(size_t token) const {
  return static_cast<int64_t>(token) != options_.suppressed_token &&
         (options_.num_tokens == 0 || token < options_.num_tokens);
}

bool BeamSearch::Look(size_t index, std::span<const float> logits,
                      const kernels::KernelTable& kernels) {
  DCHECK(index < open_.size());
  // A beam of one has nothing to compare the probability with.
  const double log_sum = options_.beam == 1
                             ? static_cast<double>(kernels.max_value(logits.data(), logits.size()))
                             : LogSumExp(logits, kernels);
  if (!IsFinite(log_sum)) return false;
  AddBest(index, logits, log_sum);
  return true;
}

// The `width_` likeliest tokens behind a hypothesis: no more can be kept of any one.
void BeamSearch::AddBest(size_t index, std::span<const float> logits, double log_sum) {
  struct Choice {
    float logit;
    int32_t token;
  };
  std::vector<Choice> best;  // highest first, equal ones by id
  best.reserve(width_ + 1);
  const auto consider = [&](size_t token) {
    const float logit = logits[token];
    if (best.size() == width_ && !(logit > best.back().logit)) return;
    if (!IsAllowed(token)) return;
    // Behind its equals, which have lower ids.
    const auto place = std::find_if(best.begin(), best.end(),
                                    [&](const Choice& other) { return logit > other.logit; });
    best.insert(place, {logit, static_cast<int32_t>(token)});
    if (best.size() > width_) best.pop_back();
  };
  size_t token = 0;
  for (; token + kBlock <= logits.size(); token += kBlock) {
    if (best.size() == width_ && !AnyAtLeast(&logits[token], best.back().logit)) continue;
    for (size_t i = 0; i < kBlock; ++i) consider(token + i);
  }
  for (; token < logits.size(); ++token) consider(token);

  const double before = open_[index].log_probability;
  for (const Choice& choice : best) {
    const double log_probability =
        options_.beam == 1 ? 0.0 : before + (static_cast<double>(choice.logit) - log_sum);
    candidates_.push_back({log_probability, index, choice.token});
  }
}

double BeamSearch::Score(double log_probability, size_t length) const {
  if (options_.length_penalty == 0.0) return log_probability;
  return log_probability / RealPow(static_cast<double>(length), options_.length_penalty);
}

// A log-probability only sinks, and its score is best at the greatest length.
bool BeamSearch::CanStillWin(double log_probability) const {
  const double bound = Score(log_probability, max_tokens_);
  return std::all_of(ended_.begin(), ended_.end(),
                     [&](const Ended& ended) { return bound > ended.score; });
}

void BeamSearch::Advance() {
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
    return a.parent != b.parent ? a.parent < b.parent : a.token < b.token;
  });
  if (candidates_.size() > width_) candidates_.resize(width_);
  std::vector<Hypothesis> next;
  for (const Candidate& candidate : candidates_) {
    Hypothesis hypothesis = {open_[candidate.parent].tokens, candidate.log_probability,
                             candidate.parent};
    const size_t length = hypothesis.tokens.size() + 1;
    const double score = Score(candidate.log_probability, length);
    if (candidate.token == options_.end_token) {
      ended_.push_back({std::move(hypothesis), score});
      --width_;
      continue;
    }
    hypothesis.tokens.push_back(candidate.token);
    if (length == max_tokens_) {
      cut_.push_back({std::move(hypothesis), score});
    } else {
      next.push_back(std::move(hypothesis));
    }
  }
  candidates_.clear();
  std::erase_if(
      next, [&](const Hypothesis& hypothesis) { return !CanStillWin(hypothesis.log_probability); });
  open_ = std::move(next);
}

const Hypothesis* BeamSearch::Best() const {
  const std::vector<Ended>& from = ended_.empty() ? cut_ : ended_;
  const Ended* best = nullptr;
  for (const Ended& ended : from) {
    if (best == nullptr || ended.score > best->score) best = &ended;
  }
  CHECK(best != nullptr);
  return &best->hypothesis;
}

const std::vector<int32_t>& BeamSearch::answer() const {
  CHECK(open_.empty());
  return Best()->tokens;
}

double BeamSearch::answer_log_probability() const {
  CHECK(open_.empty());
  return Best()->log_probability;
}

bool BeamSearch::was_cut() const { return ended_.empty(); }

}  // namespace rowmill
