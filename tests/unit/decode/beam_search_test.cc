#include "decode/beam_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

namespace rowmill {
namespace {

constexpr int32_t kEnd = 0;

// Logits that depend on all tokens before them, the same for the same tokens.
class RandomModel {
 public:
  RandomModel(uint64_t seed, size_t vocab_size) : seed_(seed), vocab_size_(vocab_size) {}

  std::vector<float> Logits(const std::vector<int32_t>& tokens) const {
    uint64_t state = seed_;
    for (const int32_t token : tokens) {
      state = (state ^ static_cast<uint64_t>(token + 1)) * 0x9E3779B97F4A7C15u;
    }
    std::mt19937_64 random(state);
    std::vector<float> logits(vocab_size_);
    for (float& logit : logits) {
      logit = static_cast<float>(random() >> 40) / static_cast<float>(1 << 24) * 4.0f;
    }
    return logits;
  }
  size_t vocab_size() const { return vocab_size_; }

 private:
  uint64_t seed_;
  size_t vocab_size_;
};

struct Answer {
  std::vector<int32_t> tokens;
  bool was_cut;
  size_t rounds = 0;
};

Answer Search(const RandomModel& model, const BeamOptions& options, uint32_t max_tokens) {
  BeamSearch search(options, max_tokens);
  size_t rounds = 0;
  while (!search.open().empty()) {
    for (size_t i = 0; i < search.open().size(); ++i) {
      EXPECT_TRUE(search.Look(i, model.Logits(search.open()[i].tokens), kernels::ScalarTable()));
    }
    search.Advance();
    ++rounds;
  }
  return {search.answer(), search.was_cut(), rounds};
}

double LogProbability(const std::vector<float>& logits, int32_t token) {
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[static_cast<size_t>(token)]) - std::log(sum);
}

// The best of all answers of at most `max_tokens` that end.
std::vector<int32_t> BestOfAll(const RandomModel& model, uint32_t max_tokens, double penalty) {
  std::vector<int32_t> best;
  double best_score = -std::numeric_limits<double>::infinity();
  std::vector<std::pair<std::vector<int32_t>, double>> open = {{{}, 0.0}};
  for (uint32_t length = 1; length <= max_tokens; ++length) {
    std::vector<std::pair<std::vector<int32_t>, double>> next;
    for (const auto& [tokens, before] : open) {
      const std::vector<float> logits = model.Logits(tokens);
      for (size_t token = 0; token < model.vocab_size(); ++token) {
        const double sum = before + LogProbability(logits, static_cast<int32_t>(token));
        if (token != kEnd) {
          next.emplace_back(tokens, sum);
          next.back().first.push_back(static_cast<int32_t>(token));
          continue;
        }
        const double score = sum / std::pow(static_cast<double>(length), penalty);
        if (score > best_score) {
          best_score = score;
          best = tokens;
        }
      }
    }
    open = std::move(next);
  }
  return best;
}

TEST(BeamSearch, OfAWideBeamIsExhaustive) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const RandomModel model(seed, 3);
    for (const double penalty : {0.0, 0.6, 1.0, 2.0}) {
      const Answer answer = Search(model, {.beam = 64, .length_penalty = penalty}, 5);
      EXPECT_EQ(answer.tokens, BestOfAll(model, 5, penalty)) << seed << " " << penalty;
      EXPECT_FALSE(answer.was_cut);
    }
  }
}

TEST(BeamSearch, OfOneIsGreedy) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const RandomModel model(seed, 100);
    std::vector<int32_t> greedy;
    bool ended = false;
    while (greedy.size() < 12 && !ended) {
      const std::vector<float> logits = model.Logits(greedy);
      const auto token =
          static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      ended = token == kEnd;
      if (!ended) greedy.push_back(token);
    }
    const Answer answer = Search(model, {.beam = 1}, 12);
    EXPECT_EQ(answer.tokens, greedy) << seed;
    EXPECT_EQ(answer.was_cut, !ended) << seed;
  }
}

TEST(BeamSearch, WiderBeamsFindLikelierAnswers) {
  double sums[2] = {0.0, 0.0};
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const RandomModel model(seed, 20);
    for (const uint32_t beam : {1u, 8u}) {
      const Answer answer = Search(model, {.beam = beam, .length_penalty = 0.0}, 6);
      double sum = 0.0;
      std::vector<int32_t> tokens;
      for (const int32_t token : answer.tokens) {
        sum += LogProbability(model.Logits(tokens), token);
        tokens.push_back(token);
      }
      if (!answer.was_cut) sum += LogProbability(model.Logits(tokens), kEnd);
      sums[beam == 8] += sum;
    }
  }
  EXPECT_GT(sums[1], sums[0]);
}

TEST(BeamSearch, EqualLogitsTakeTheLowestId) {
  std::vector<float> logits(100, 1.0f);
  logits[0] = 0.0f;
  for (const uint32_t beam : {1u, 3u}) {
    BeamSearch search({.beam = beam}, 8);
    ASSERT_TRUE(search.Look(0, logits, kernels::ScalarTable()));
    search.Advance();
    ASSERT_EQ(search.open().size(), beam);
    for (size_t i = 0; i < beam; ++i) {
      EXPECT_EQ(search.open()[i].tokens, (std::vector<int32_t>{static_cast<int32_t>(i) + 1}));
    }
  }
}

TEST(BeamSearch, NeverTakesWhatItMayNot) {
  std::vector<float> logits(70, 0.0f);
  logits[5] = 9.0f;
  logits[68] = 8.0f;
  logits[40] = 7.0f;
  for (const uint32_t beam : {1u, 2u}) {
    BeamSearch search({.beam = beam, .suppressed_token = 5, .num_tokens = 60}, 8);
    ASSERT_TRUE(search.Look(0, logits, kernels::ScalarTable()));
    search.Advance();
    EXPECT_EQ(search.open()[0].tokens, (std::vector<int32_t>{40}));
  }
}

TEST(BeamSearch, CutsAtItsLimit) {
  std::vector<float> logits(40, 0.0f);
  logits[7] = 5.0f;
  logits[kEnd] = -50.0f;
  for (const uint32_t beam : {1u, 4u}) {
    BeamSearch search({.beam = beam}, 3);
    for (int round = 0; round < 3; ++round) {
      const size_t count = search.open().size();
      ASSERT_GT(count, 0u);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(search.Look(i, logits, kernels::ScalarTable()));
      }
      search.Advance();
    }
    EXPECT_TRUE(search.open().empty());
    EXPECT_TRUE(search.was_cut());
    EXPECT_EQ(search.answer(), (std::vector<int32_t>{7, 7, 7}));
  }
}

TEST(BeamSearch, ReportsWhatIsNotFinite) {
  for (const uint32_t beam : {1u, 4u}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      std::vector<float> logits(50, 0.0f);
      logits[33] = bad;
      BeamSearch search({.beam = beam}, 3);
      EXPECT_FALSE(search.Look(0, logits, kernels::ScalarTable()));
    }
  }
}

}  // namespace
}  // namespace rowmill
