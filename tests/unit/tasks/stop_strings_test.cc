#include "tasks/stop_strings.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "unit/tasks/tiny_tokenizers.h"

namespace rowmill {
namespace {

TEST(FindStop, FindsTheEarliestOfAll) {
  const std::vector<std::string> stops = {"cd", "bcde", "xyz"};
  EXPECT_EQ(FindStop("abcdef", stops), 1u);
  EXPECT_EQ(FindStop("acdcd", stops), 1u);
  EXPECT_EQ(FindStop("abc", stops), 3u);
  EXPECT_EQ(FindStop("", stops), 0u);
  EXPECT_EQ(FindStop("abc", {}), 3u);
}

TEST(ValidateStopStrings, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(ValidateStopStrings(std::vector<std::string>{""}), UsageError);
  EXPECT_THROW(ValidateStopStrings(std::vector<std::string>{"\xFF"}), UsageError);
  EXPECT_THROW(ValidateStopStrings(std::vector<std::string>{std::string(1025, 'a')}), UsageError);
  EXPECT_THROW(ValidateStopStrings(std::vector<std::string>(65, "a")), UsageError);
  EXPECT_NO_THROW(ValidateStopStrings(std::vector<std::string>(64, std::string(1024, 'a'))));
}

TEST(StopStringRule, SeesAStringAcrossTokens) {
  auto builder = testing::ChatByteVocabulary({"ab", "cd"});
  const auto tokenizer = builder.Make();
  const int32_t ab = tokenizer->Encode("ab", SpecialTokens::kPlainText)[0];
  const int32_t cd = tokenizer->Encode("cd", SpecialTokens::kPlainText)[0];
  ASSERT_GT(ab, 258);
  const StopStringRule rule(*tokenizer, {"bc", "\n\n"});
  EXPECT_FALSE(rule.ShouldStop({}));
  EXPECT_FALSE(rule.ShouldStop(std::vector<int32_t>{ab}));
  EXPECT_TRUE(rule.ShouldStop(std::vector<int32_t>{ab, cd}));
  EXPECT_FALSE(rule.ShouldStop(std::vector<int32_t>{cd, ab}));
  EXPECT_TRUE(rule.ShouldStop(std::vector<int32_t>{ab, 258, cd}));  // control tokens leave nothing
  EXPECT_TRUE(rule.ShouldStop(std::vector<int32_t>{'x', '\n', '\n'}));
  EXPECT_FALSE(rule.ShouldStop(std::vector<int32_t>{258}));
}

// Looking back only as far as needed finds what a search of the whole answer finds, token by token.
TEST(StopStringRule, AgreesWithSearchingEverything) {
  auto builder = testing::ChatByteVocabulary({"ab", "aab", "bba", "abab"});
  const auto tokenizer = builder.Make();
  const std::vector<std::string> stops = {"abaab", "bbb", "aabba"};
  const StopStringRule rule(*tokenizer, stops);
  const auto num_tokens = static_cast<uint32_t>(tokenizer->vocabulary().size());
  int stopped = 0;
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<int32_t> answer;
    for (int step = 0; step < 40; ++step) {
      const uint32_t choice = random() % (num_tokens - 258 + 2);
      answer.push_back(choice < 2 ? static_cast<int32_t>('a' + choice)
                                  : static_cast<int32_t>(258 + choice - 2));
      std::string bytes;
      AppendAnswerBytes(*tokenizer, answer, bytes);
      const bool found = FindStop(bytes, stops) < bytes.size();
      ASSERT_EQ(rule.ShouldStop(answer), found) << "step " << step;
      if (found) {
        ++stopped;
        break;
      }
    }
  }
  EXPECT_GT(stopped, 100);
}

}  // namespace
}  // namespace rowmill
