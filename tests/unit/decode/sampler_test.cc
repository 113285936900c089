#include "decode/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const kernels::KernelTable& Scalar() { return kernels::ScalarTable(); }

std::vector<float> RandomLogits(uint32_t seed, size_t size, float spread) {
  std::mt19937 random(seed);
  std::vector<float> logits(size);
  for (float& logit : logits) {
    logit = spread * (static_cast<float>(random() % 20001) / 10000.0f - 1.0f);
  }
  return logits;
}

SampledToken PickOne(const SamplingOptions& options, std::vector<float> logits, uint32_t position,
                     const std::vector<int32_t>& history = {}) {
  const SampleKey key = {.prompt = {11, 22}, .sample = 0, .position = position};
  return Sampler(options, Scalar()).Pick(logits, key, history);
}

// Draws `draws` tokens and returns how often each came up.
std::map<int32_t, int> Counts(const SamplingOptions& options, const std::vector<float>& logits,
                              int draws, const std::vector<int32_t>& history = {}) {
  std::map<int32_t, int> counts;
  const Sampler sampler(options, Scalar());
  std::vector<float> copy;
  for (int i = 0; i < draws; ++i) {
    copy = logits;
    const SampleKey key = {.prompt = {1, 2}, .sample = 0, .position = static_cast<uint32_t>(i)};
    ++counts[sampler.Pick(copy, key, history).token];
  }
  return counts;
}

// Pearson's statistic against the expected probabilities; tokens of probability 0 must not come up.
double ChiSquare(const std::map<int32_t, int>& counts, const std::vector<double>& expected,
                 int draws) {
  double statistic = 0.0;
  for (size_t token = 0; token < expected.size(); ++token) {
    const auto found = counts.find(static_cast<int32_t>(token));
    const int observed = found == counts.end() ? 0 : found->second;
    if (expected[token] == 0.0) {
      EXPECT_EQ(observed, 0) << "token " << token;
      continue;
    }
    const double mean = expected[token] * draws;
    statistic += (observed - mean) * (observed - mean) / mean;
  }
  return statistic;
}

std::vector<double> Softmax(std::vector<double> logits) {
  const double max = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (double& logit : logits) sum += logit = std::exp(logit - max);
  for (double& logit : logits) logit /= sum;
  return logits;
}

TEST(LogSumExp, AgreesWithLongDouble) {
  for (const size_t size : {1u, 2u, 15u, 16u, 17u, 1000u, 49152u}) {
    for (const float spread : {0.0f, 1.0f, 10.0f, 40.0f}) {
      SCOPED_TRACE(::testing::Message() << "size " << size << ", spread " << spread);
      const std::vector<float> logits = RandomLogits(3, size, spread);
      long double sum = 0.0L;
      for (const float logit : logits) sum += std::exp(static_cast<long double>(logit));
      EXPECT_NEAR(LogSumExp(logits, Scalar()), static_cast<double>(std::log(sum)), 5e-6);
    }
  }
}

TEST(LogSumExp, IsNanWhereTheLogitsAreNotUsable) {
  EXPECT_TRUE(std::isnan(LogSumExp(std::vector<float>{1.0f, kNan, 2.0f}, Scalar())));
  EXPECT_TRUE(std::isnan(LogSumExp(std::vector<float>{1.0f, kInfinity}, Scalar())));
  EXPECT_TRUE(std::isnan(LogSumExp(std::vector<float>{-kInfinity, -kInfinity}, Scalar())));
  EXPECT_EQ(LogSumExp(std::vector<float>{-kInfinity, 2.5f}, Scalar()), 2.5);
}

TEST(SamplingOptions, RefusesWhatIsOutOfRange) {
  const auto refused = [](const std::function<void(SamplingOptions&)>& change, const char* option) {
    SamplingOptions options;
    change(options);
    try {
      options.Validate();
      ADD_FAILURE() << option << " was accepted";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(option), std::string::npos) << error.what();
    }
  };
  for (const float value : {kNan, -1.0f, 1e-9f, 101.0f, kInfinity}) {
    refused([&](SamplingOptions& o) { o.temperature = value; }, "--temperature");
  }
  refused([](SamplingOptions& o) { o.top_k = -1; }, "--top-k");
  for (const float value : {kNan, 0.0f, -0.5f, 1.5f, kInfinity}) {
    refused([&](SamplingOptions& o) { o.top_p = value; }, "--top-p");
  }
  for (const float value : {kNan, -0.1f, 1.1f}) {
    refused([&](SamplingOptions& o) { o.min_p = value; }, "--min-p");
  }
  for (const float value : {kNan, 0.0f, -1.0f, 11.0f, kInfinity}) {
    refused([&](SamplingOptions& o) { o.repetition_penalty = value; }, "--repetition-penalty");
  }
  SamplingOptions fine;
  fine.temperature = 0.7f;
  fine.top_k = INT32_MAX;
  fine.top_p = 0.9f;
  fine.min_p = 1.0f;
  fine.repetition_penalty = 1.1f;
  EXPECT_NO_THROW(fine.Validate());
  fine.top_p = 2.0f;
  EXPECT_THROW(Sampler(fine, Scalar()), UsageError);
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowestIdOfEquals) {
  EXPECT_EQ(PickOne({}, {1.0f, 3.0f, 2.0f, 3.0f}, 0).token, 1);
  EXPECT_EQ(PickOne({}, {-0.0f, 0.0f, -1.0f}, 0).token, 0);
  EXPECT_EQ(PickOne({}, {-kInfinity, -5.0f}, 0).token, 1);
}

TEST(Sampler, ReportsTheModelsOwnLogProbability) {
  const std::vector<float> logits = {1.0f, 2.0f, 0.5f};
  const double expected = 2.0 - LogSumExp(logits, Scalar());
  SamplingOptions options;
  EXPECT_EQ(PickOne(options, logits, 0).log_probability, static_cast<float>(expected));
  options.temperature = 0.25f;
  options.top_k = 1;
  options.repetition_penalty = 1.5f;  // 2 / 1.5 is still the largest
  const SampledToken picked = PickOne(options, logits, 0, {1});
  EXPECT_EQ(picked.token, 1);
  EXPECT_EQ(picked.log_probability, static_cast<float>(expected));
}

TEST(Sampler, NotFiniteLogitsAreSaidAndPickNothing) {
  SamplingOptions sampled;
  sampled.temperature = 0.8f;
  for (const SamplingOptions& options : {SamplingOptions(), sampled}) {
    for (const std::vector<float>& logits :
         {std::vector<float>{1.0f, kNan}, {kInfinity, 1.0f}, {-kInfinity, -kInfinity}}) {
      const SampledToken picked = PickOne(options, logits, 0);
      EXPECT_FALSE(picked.finite);
      EXPECT_EQ(picked.token, -1);
    }
  }
  sampled.temperature = 0.001f;  // 1e38 * 1000 is beyond f32
  EXPECT_FALSE(PickOne(sampled, {1e38f, 0.0f}, 0).finite);
}

TEST(Sampler, PenaltyCountsEachTokenOnce) {
  SamplingOptions options;
  options.repetition_penalty = 2.0f;
  EXPECT_EQ(PickOne(options, {3.0f, 2.0f}, 0, {}).token, 0);
  EXPECT_EQ(PickOne(options, {3.0f, 2.0f}, 0, {0}).token, 1);           // 1.5 against 2
  EXPECT_EQ(PickOne(options, {3.0f, 1.4f}, 0, {0, 0, 0}).token, 0);     // 1.5, not 0.375
  EXPECT_EQ(PickOne(options, {-1.0f, -1.5f}, 0, {0}).token, 1);         // -2 against -1.5
  EXPECT_THROW(PickOne(options, {1.0f, 2.0f}, 0, {2}), InternalError);  // not a token
}

TEST(Sampler, DrawsFollowTheSoftmax) {
  const std::vector<float> logits = {0.0f, 1.0f, -1.0f, 2.0f, 0.5f, -0.5f, 1.5f, -2.0f};
  constexpr int kDraws = 40000;
  for (const float temperature : {0.5f, 1.0f, 2.0f}) {
    SCOPED_TRACE(temperature);
    SamplingOptions options;
    options.temperature = temperature;
    options.seed = 17;
    std::vector<double> scaled;
    for (const float logit : logits) scaled.push_back(logit / temperature);
    const auto counts = Counts(options, logits, kDraws);
    // 7 degrees of freedom: 29.9 is exceeded once in 10,000.
    EXPECT_LT(ChiSquare(counts, Softmax(scaled), kDraws), 29.9);
  }
}

TEST(Sampler, TopKTopPAndMinPCutAndRenormalise) {
  // Probabilities 0.4, 0.3, 0.2, 0.1 in the order of tokens 2, 0, 3, 1.
  const std::vector<float> logits = {std::log(0.3f), std::log(0.1f), std::log(0.4f),
                                     std::log(0.2f)};
  constexpr int kDraws = 20000;
  const auto check = [&](SamplingOptions options, std::vector<double> expected) {
    options.temperature = 1.0f;
    const auto counts = Counts(options, logits, kDraws);
    EXPECT_LT(ChiSquare(counts, expected, kDraws), 21.1);  // 3 degrees of freedom, 1 in 10,000
  };
  SamplingOptions top_k;
  top_k.top_k = 2;
  check(top_k, {3.0 / 7, 0.0, 4.0 / 7, 0.0});
  SamplingOptions top_p;
  top_p.top_p = 0.69f;  // 0.4 + 0.3 is the first to reach it
  check(top_p, {3.0 / 7, 0.0, 4.0 / 7, 0.0});
  top_p.top_p = 0.71f;
  check(top_p, {3.0 / 9, 0.0, 4.0 / 9, 2.0 / 9});
  SamplingOptions min_p;
  min_p.min_p = 0.45f;  // at least 0.18
  check(min_p, {3.0 / 9, 0.0, 4.0 / 9, 2.0 / 9});
  SamplingOptions both;
  both.top_k = 3;     // 4/9, 3/9, 2/9
  both.top_p = 0.7f;  // of what top-k left
  check(both, {3.0 / 7, 0.0, 4.0 / 7, 0.0});
  SamplingOptions tiny;
  tiny.top_p = 1e-6f;
  check(tiny, {0.0, 0.0, 1.0, 0.0});
}

TEST(Sampler, EqualLogitsAreCutByTokenId) {
  SamplingOptions options;
  options.temperature = 1.0f;
  options.top_k = 2;
  const auto counts = Counts(options, std::vector<float>(50, 1.0f), 500);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_GT(counts.count(0), 0u);
  EXPECT_GT(counts.count(1), 0u);
}

// The windows in which candidates are found must not show: compare with a plain sort of everything.
TEST(Sampler, LazySortingEqualsSortingEverything) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<float> logits = RandomLogits(seed, 300, 1.0f + static_cast<float>(seed % 40));
    SamplingOptions options;
    options.temperature = 1.0f;
    options.top_k = static_cast<int32_t>(1 + seed % 299);
    options.seed = seed;
    const SampleKey key = {.prompt = {seed, 5}, .sample = 1, .position = 2};

    std::vector<int32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    });
    std::vector<float> prefix;
    for (int32_t i = 0; i < options.top_k; ++i) prefix.push_back(logits[order[i]]);
    // The same draw from a vocabulary that is sorted already and holds nothing else.
    std::vector<float> copy = logits;
    const SampledToken picked = Sampler(options, Scalar()).Pick(copy, key, {});
    prefix.push_back(-kInfinity);  // so that top_k stays below the size
    const SampledToken again = Sampler(options, Scalar()).Pick(prefix, key, {});
    EXPECT_EQ(picked.token, order[again.token]);
  }
}

TEST(Sampler, IsAFunctionOfItsKey) {
  const std::vector<float> logits = RandomLogits(1, 5000, 3.0f);
  SamplingOptions options;
  options.temperature = 1.0f;
  options.seed = 5;
  const auto pick = [&](const SamplingOptions& with, const SampleKey& key) {
    std::vector<float> copy = logits;
    return Sampler(with, Scalar()).Pick(copy, key, {}).token;
  };
  const SampleKey key = {.prompt = {123, 456}, .sample = 7, .position = 9};
  const int32_t token = pick(options, key);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pick(options, key), token);

  // Each part of the key matters: over 40 changes of each, most draws must differ.
  const auto differing =
      [&](const std::function<void(SamplingOptions&, SampleKey&, uint64_t)>& change) {
        int count = 0;
        for (uint64_t i = 1; i <= 40; ++i) {
          SamplingOptions other_options = options;
          SampleKey other_key = key;
          change(other_options, other_key, i);
          count += pick(other_options, other_key) != token;
        }
        return count;
      };
  EXPECT_GT(differing([](auto& o, auto&, uint64_t i) { o.seed += i; }), 35);
  EXPECT_GT(differing([](auto& o, auto&, uint64_t i) { o.seed += i << 32; }), 35);
  EXPECT_GT(differing([](auto&, auto& k, uint64_t i) { k.prompt.lo += i; }), 35);
  EXPECT_GT(differing([](auto&, auto& k, uint64_t i) { k.prompt.hi += i; }), 35);
  EXPECT_GT(differing([](auto&, auto& k, uint64_t i) { k.sample += static_cast<uint32_t>(i); }),
            35);
  EXPECT_GT(differing([](auto&, auto& k, uint64_t i) { k.position += static_cast<uint32_t>(i); }),
            35);
  // Decode options are part of the key: a wider top-k that cuts nothing draws anew.
  EXPECT_GT(differing([](auto& o, auto&, uint64_t i) { o.top_k = static_cast<int32_t>(5000 + i); }),
            35);
}

TEST(Sampler, AllKernelTablesPickTheSame) {
  SamplingOptions options;
  options.temperature = 0.8f;
  options.top_p = 0.95f;
  options.repetition_penalty = 1.1f;
  for (const kernels::KernelTable* table : kernels::AvailableTables(DetectCpuFeatures())) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
      const std::vector<float> logits = RandomLogits(seed, 3001, 6.0f);
      const SampleKey key = {.prompt = {seed, 1}};
      const std::vector<int32_t> history = {1, 2, 3};
      std::vector<float> a = logits;
      std::vector<float> b = logits;
      const SampledToken expected = Sampler(options, Scalar()).Pick(a, key, history);
      const SampledToken got = Sampler(options, *table).Pick(b, key, history);
      EXPECT_EQ(got.token, expected.token) << table->name;
      EXPECT_EQ(got.log_probability, expected.log_probability) << table->name;
    }
  }
}

}  // namespace
}  // namespace rowmill
