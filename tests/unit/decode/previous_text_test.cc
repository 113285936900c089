#include "decode/previous_text.h"

#include <gtest/gtest.h>

#include <numeric>

namespace rowmill {
namespace {

constexpr int32_t kPrevious = 99;

TranscribeSpec Spec() {
  TranscribeSpec spec;
  spec.tokens.previous = kPrevious;
  spec.max_positions = 20;  // 9 tokens of text
  spec.previous_text = TranscribeSpec::PreviousText::kShow;
  return spec;
}

TranscribedWindow AtAttempt(uint32_t attempt) {
  TranscribedWindow window;
  window.attempt = attempt;
  return window;
}

std::vector<int32_t> Numbers(int32_t first, size_t count) {
  std::vector<int32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

TEST(PreviousTextTest, NothingIsShownBeforeTheFirstWindow) {
  const TranscribeSpec spec = Spec();
  const PreviousText previous(spec);
  EXPECT_TRUE(previous.Tokens().empty());
  EXPECT_EQ(PreviousText::MaxTokens(spec), 10u);
}

TEST(PreviousTextTest, TheLastTokensOfWhatWasWritten) {
  const TranscribeSpec spec = Spec();
  PreviousText previous(spec);
  previous.Add(AtAttempt(0), {1, 2});
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 1, 2}));
  previous.Add(AtAttempt(2), Numbers(3, 12));  // temperature 0.4
  std::vector<int32_t> expected = Numbers(6, 9);
  expected.insert(expected.begin(), kPrevious);
  EXPECT_EQ(previous.Tokens(), expected);
}

TEST(PreviousTextTest, TheUsersWordsStay) {
  TranscribeSpec spec = Spec();
  spec.prompt = {50, 51};
  PreviousText previous(spec);
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 50, 51}));
  previous.Add(AtAttempt(0), Numbers(1, 12));
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 50, 51, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(PreviousTextTest, ADoubtfulWindowEndsIt) {
  TranscribeSpec spec = Spec();
  spec.prompt = {50};
  PreviousText previous(spec);
  previous.Add(AtAttempt(0), {1, 2});
  previous.Add(AtAttempt(3), {3, 4});  // temperature 0.6
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 50}));
  previous.Add(AtAttempt(0), {5});
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 50, 5}));
}

TEST(PreviousTextTest, WhereItIsForgottenTheUsersWordsAreAll) {
  TranscribeSpec spec = Spec();
  spec.previous_text = TranscribeSpec::PreviousText::kForget;
  EXPECT_EQ(PreviousText::MaxTokens(spec), 0u);
  spec.prompt = {50, 51};
  PreviousText previous(spec);
  previous.Add(AtAttempt(0), {1, 2});
  EXPECT_EQ(previous.Tokens(), (std::vector<int32_t>{kPrevious, 50, 51}));
  EXPECT_EQ(PreviousText::MaxTokens(spec), 3u);
}

}  // namespace
}  // namespace rowmill
