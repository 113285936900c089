#include "decode/speech_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "kernels/kernels.h"

namespace rowmill {
namespace {

// Text 0..9, end 10, steering 11..14, timestamps 15..79.
constexpr int32_t kEnd = 10, kFirst = 15, kVocabulary = 80;

TranscribeSpec Spec(TranscribeSpec::Timestamps timestamps) {
  TranscribeSpec spec;
  spec.tokens.start = 11;
  spec.tokens.end = kEnd;
  spec.tokens.no_timestamps = 14;
  spec.tokens.first_timestamp = kFirst;
  spec.suppressed = {3, 12};
  spec.suppressed_first = {0, kEnd};
  spec.timestamps = timestamps;
  return spec;
}

std::set<int32_t> Allowed(const TranscribeSpec& spec, const std::vector<int32_t>& written,
                          std::vector<float> logits = std::vector<float>(kVocabulary, -9.0f)) {
  SpeechRules(spec, kernels::ScalarTable()).Apply(written, logits);
  std::set<int32_t> allowed;
  for (int32_t token = 0; token < kVocabulary; ++token) {
    if (std::isfinite(logits[static_cast<size_t>(token)])) allowed.insert(token);
  }
  return allowed;
}

std::set<int32_t> Range(int32_t begin, int32_t end, std::set<int32_t> without = {}) {
  std::set<int32_t> range;
  for (int32_t token = begin; token < end; ++token) {
    if (!without.contains(token)) range.insert(token);
  }
  return range;
}

// Text far likelier than any timestamp, so that the sum of those does not matter.
std::vector<float> LikelyText() {
  std::vector<float> logits(kVocabulary, -50.0f);
  std::fill(logits.begin(), logits.begin() + kEnd + 1, 1.0f);
  return logits;
}

TEST(SpeechRulesTest, WithoutTimestampsTextAndTheEndAreLeft) {
  const TranscribeSpec spec = Spec(TranscribeSpec::Timestamps::kNone);
  EXPECT_EQ(Allowed(spec, {}), Range(1, 10, {3}));
  EXPECT_EQ(Allowed(spec, {5}), Range(0, 11, {3}));
}

TEST(SpeechRulesTest, ATimestampOfTheFirstSecondComesFirst) {
  const TranscribeSpec spec = Spec(TranscribeSpec::Timestamps::kSegments);
  EXPECT_EQ(Allowed(spec, {}, LikelyText()), Range(kFirst, kFirst + 51));
}

TEST(SpeechRulesTest, TimestampsComeInPairsAndNeverGoBack) {
  const TranscribeSpec spec = Spec(TranscribeSpec::Timestamps::kSegments);
  // Behind the first one: text.
  EXPECT_EQ(Allowed(spec, {kFirst + 2}, LikelyText()), Range(0, 11, {3}));
  // Behind text: more text, the end, or a later timestamp.
  std::set<int32_t> expected = Range(0, 11, {3});
  expected.merge(Range(kFirst + 3, kVocabulary));
  EXPECT_EQ(Allowed(spec, {kFirst + 2, 5}, LikelyText()), expected);
  // Behind one that ends a segment: the end, or one that begins the next, at the same time or
  // later.
  expected = Range(kFirst + 9, kVocabulary);
  expected.insert(kEnd);
  EXPECT_EQ(Allowed(spec, {kFirst + 2, 5, kFirst + 9}, LikelyText()), expected);
  // Behind a pair: text.
  EXPECT_EQ(Allowed(spec, {kFirst + 2, 5, kFirst + 9, kFirst + 9}, LikelyText()),
            Range(0, 11, {3}));
}

TEST(SpeechRulesTest, TimestampsThatAreLikelierTogetherThanAnyWordComeNext) {
  const TranscribeSpec spec = Spec(TranscribeSpec::Timestamps::kSegments);
  // Each is as likely as the likeliest word.
  EXPECT_EQ(Allowed(spec, {kFirst, 5}), Range(kFirst + 1, kVocabulary));
}

TEST(SpeechRulesTest, FindsLoops) {
  EXPECT_FALSE(EndsInLoop({}));
  const std::vector<int32_t> very = {1, 2, 2, 2, 2, 2, 2, 2};
  EXPECT_FALSE(EndsInLoop(very));
  std::vector<int32_t> written = {7, 8, 9};
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(EndsInLoop(written));
    written.insert(written.end(), {4, 5, 6});
  }
  EXPECT_TRUE(EndsInLoop(written));
  std::vector<int32_t> counting(200);
  std::iota(counting.begin(), counting.end(), 0);
  EXPECT_FALSE(EndsInLoop(counting));
}

}  // namespace
}  // namespace rowmill
