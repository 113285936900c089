#include "prep/redact/custom_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<std::string> In(std::string_view argument, const std::string& text) {
  SpanList found;
  CustomPattern::Parse(argument).Find(text, 99, found);
  std::vector<std::string> finds;
  for (const RedactSpan& span : found.spans()) {
    EXPECT_EQ(span.kind, 99u);
    finds.push_back(text.substr(span.begin, span.size()));
  }
  return finds;
}

TEST(CustomPattern, FindsAllMatchesOfTheTextItself) {
  EXPECT_THAT(In("CUSTOMER=C-[0-9]{3}", "C-123 and C-456, C-7"), ElementsAre("C-123", "C-456"));
  EXPECT_THAT(In("NAME=\\p{Lu}\\p{Ll}+", "über Ängste, Öl"), ElementsAre("Ängste", "Öl"));
  EXPECT_THAT(In("ALL=a=b", "a=b"), ElementsAre("a=b")) << "only the first = divides";
  EXPECT_THAT(In("EMPTY=x*", "axxb"), ElementsAre("xx")) << "empty matches hide nothing";
  EXPECT_THAT(In("BEGIN=^ab", "abab"), ElementsAre("ab"));
}

TEST(CustomPattern, MatchesAcrossWindowsAreSeen) {
  for (const size_t before :
       {CustomPattern::kLongestMatch - 1, CustomPattern::kLongestMatch,
        2 * CustomPattern::kLongestMatch - 3, 5 * CustomPattern::kLongestMatch}) {
    EXPECT_THAT(In("N=ab+c", std::string(before, '.') + "abbbbbbc."), ElementsAre("abbbbbbc"))
        << before;
  }
}

TEST(CustomPattern, NoTextMakesItSlow) {
  // Backtracking would take 2^n steps, and a search to the end of the text for each x n^2.
  EXPECT_TRUE(In("A=(x+x+)+y", std::string(100'000, 'x')).empty());
  EXPECT_EQ(In("B=x(.*y)?", std::string(20'000, 'x')).size(), 20'000u);
}

TEST(CustomPattern, SaysWhatIsWrong) {
  const auto parse = [](std::string_view argument) {
    return [argument] { CustomPattern::Parse(argument); };
  };
  EXPECT_THAT(parse("[0-9]+"), ThrowsMessage<UsageError>(HasSubstr("NAME=REGEX")));
  EXPECT_THAT(parse("lower=x"), ThrowsMessage<UsageError>(HasSubstr("in capitals")));
  EXPECT_THAT(parse("X="), ThrowsMessage<UsageError>(HasSubstr("NAME=REGEX")));
  EXPECT_THAT(parse("US_SSN=x"), ThrowsMessage<UsageError>(HasSubstr("name of a detector")));
  EXPECT_THAT(parse("X=(a"), ThrowsMessage<UsageError>(HasSubstr("missing )")));
  EXPECT_THAT(parse("X=(?=a)"), ThrowsMessage<UsageError>(HasSubstr("look-around")));
}

}  // namespace
}  // namespace rowmill
