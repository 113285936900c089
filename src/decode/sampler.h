// Picks the next token from logits: greedy, or sampled after temperature, top-k, top-p, min-p and a
// repetition penalty. Stateless: the random number is a function of (seed, digest of the prompt's
// tokens and of the decode options, sample number, position), never of the row's index, a unit or a
// clock. So equal prompts get equal answers in any order, shard or run, and a speculative token can
// be checked against the very draw.
//
// The order of things, each on what the one before left:
//   1. penalty: the logit of every token that `history` holds, once each, is divided by it where it
//      is positive and multiplied by it where it is not;
//   2. temperature: every logit is multiplied by 1 / temperature (both in f32); 0 takes the
//   largest;
//   3. tokens are sorted by logit, highest first, equal ones by id; the weight of a token is
//      exp(logit - largest) in double (base/real_math.h);
//   4. top-k keeps the first k; their mass is the sum of their weights in that order, or the
//      kernels' sum_exp where all are kept;
//   5. top-p keeps the shortest beginning whose weights reach top_p of that mass, min-p the
//      beginning whose weights are at least min_p; the first token always stays;
//   6. with u from the keyed random number in [0, 1), the token is the first at which the running
//      sum of the weights exceeds u times the mass of what is kept, or the first of all where
//      rounding keeps the sum below that.
#pragma once

#include <cstdint>
#include <span>

#include "base/hash.h"
#include "decode/keyed_random.h"
#include "kernels/kernels.h"

namespace rowmill {

struct SamplingOptions {
  float temperature = 0.0f;         // 0: greedy, ties go to the lowest id
  int32_t top_k = 0;                // 0: off
  float top_p = 1.0f;               // 1: off; nucleus sampling, arXiv:1904.09751
  float min_p = 0.0f;               // 0: off; arXiv:2407.01082
  float repetition_penalty = 1.0f;  // 1: off; CTRL, arXiv:1909.05858, over prompt and answer
  uint64_t seed = 0;

  // Throws UsageError naming the option that is out of range (NaN included).
  void Validate() const;
};

struct SampleKey {
  Digest128 prompt;       // of the prompt's token ids
  uint32_t sample = 0;    // which of several answers to the same prompt
  uint32_t position = 0;  // index of the token in the answer
};

struct SampledToken {
  int32_t token = -1;
  float log_probability = 0.0f;  // under the model's own distribution, before temperature and cuts
  bool finite = true;            // false: the logits held NaN; token is -1 and the row is an error
};

class Sampler {
 public:
  // Validates the options.
  Sampler(const SamplingOptions& options, const kernels::KernelTable& kernels);
  // `logits` may be overwritten. `history`: prompt and answer so far, for the repetition penalty.
  SampledToken Pick(std::span<float> logits, const SampleKey& key,
                    std::span<const int32_t> history) const;

 private:
  static float LogProbability(std::span<const float> logits, int32_t token, double log_sum_exp);
  // After penalty and temperature; -1 where the logits left the range of f32.
  int32_t PickAdjusted(std::span<const float> logits, const SampleKey& key) const;
  PhiloxBlock Random(const SampleKey& key) const;
  int32_t Draw(std::span<const float> logits, float max, double uniform) const;

  SamplingOptions options_;
  const kernels::KernelTable* kernels_;
};

// log(sum of exp) of the logits in double, from the kernels' maximum and f32 sum. The
// log-probability of token t is double(logits[t]) - LogSumExp(logits). NaN where a logit is NaN or
// +infinity, or all are -infinity.
double LogSumExp(std::span<const float> logits, const kernels::KernelTable& kernels);

}  // namespace rowmill
