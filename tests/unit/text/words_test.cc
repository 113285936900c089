#include "text/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  for (const WordSpan word : FindWords(text)) {
    words.emplace_back(text.substr(word.begin, word.end - word.begin));
  }
  return words;
}

TEST(FindWordsTest, AreWhatStandsBetweenWhiteSpace) {
  EXPECT_THAT(Words("Not bad, really."), ElementsAre("Not", "bad,", "really."));
  EXPECT_THAT(Words("  a\t\n b\u00A0c\u3000d "), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Words("-"), ElementsAre("-"));
  EXPECT_THAT(Words("caf\u00E9 \U0001F600"), ElementsAre("caf\u00E9", "\U0001F600"));
  EXPECT_THAT(Words(""), IsEmpty());
  EXPECT_THAT(Words(" \n\u2003"), IsEmpty());
}

TEST(FindWordsTest, CharactersOfScriptsWithoutSpacesStandAlone) {
  EXPECT_THAT(Words("\u6620\u753B\u306F"), ElementsAre("\u6620", "\u753B", "\u306F"));
  EXPECT_THAT(Words("\u597D\u3002ok \U00020000x"), ElementsAre("\u597D\u3002ok", "\U00020000x"));
  EXPECT_THAT(Words("ab\u597D"), ElementsAre("ab", "\u597D"));
}

}  // namespace
}  // namespace rowmill
