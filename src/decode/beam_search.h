// Beam search for one source text: the likeliest target under a model that is asked for one token
// at a time. With a beam of 1 it is greedy search. Token ids only; it runs no model.
//
// As in Marian: in each round the best continuations of all open hypotheses are kept, as many as
// the beam is wide; one that ends makes the beam narrower by one. The answer is the ended
// hypothesis with the highest  log-probability / length^penalty  (arXiv:1609.08144 without its
// constant), the end token counted; one that was cut at `max_tokens` counts only where none ended.
//
// Ties: the higher score, then the hypothesis that stood first, then the lower token id; of equal
// answers the one that ended first. So the answer is a function of the logits alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace rowmill {

struct BeamOptions {
  uint32_t beam = 1;
  double length_penalty = 1.0;  // 0: log-probabilities as they are
  int32_t end_token = 0;
  int32_t suppressed_token = -1;  // never taken; -1: none
  size_t num_tokens = 0;          // ids from here on are never taken; 0: all may be
};

inline constexpr uint32_t kMaxBeam = 64;

struct Hypothesis {
  std::vector<int32_t> tokens;   // without the end token
  double log_probability = 0.0;  // of all tokens, the end token included; 0 where the beam is 1
  size_t parent = 0;             // of the last round: which open hypothesis it continues
};

class BeamSearch {
 public:
  // `max_tokens`: of the answer, the end token included; at least 1.
  BeamSearch(const BeamOptions& options, uint32_t max_tokens);

  // The hypotheses that want their next token, in order; empty when all is over.
  std::span<const Hypothesis> open() const { return open_; }
  // The logits behind open hypothesis `index`. False where they are not finite: the search is
  // worthless then.
  bool Look(size_t index, std::span<const float> logits, const kernels::KernelTable& kernels);
  // After every open hypothesis was looked at: open() are the next round's.
  void Advance();

  // Of the answer, when open() is empty.
  const std::vector<int32_t>& answer() const;
  double answer_log_probability() const;
  bool was_cut() const;  // max_tokens were reached without an end

 private:
  struct Candidate {
    double log_probability;
    size_t parent;
    int32_t token;
  };
  struct Ended {
    Hypothesis hypothesis;
    double score;
  };

  bool IsAllowed(size_t token) const;
  void AddBest(size_t index, std::span<const float> logits, double log_sum);
  double Score(double log_probability, size_t length) const;
  bool CanStillWin(double log_probability) const;
  const Hypothesis* Best() const;

  BeamOptions options_;
  uint32_t max_tokens_;
  size_t width_;  // the beam less the hypotheses that have ended
  std::vector<Hypothesis> open_;
  std::vector<Candidate> candidates_;  // of this round
  std::vector<Ended> ended_;
  std::vector<Ended> cut_;
};

}  // namespace rowmill
