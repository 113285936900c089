#include "data/suggestion.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rowmill {
namespace {

TEST(SuggestionTest, NamesTheNearestWord) {
  const std::vector<std::string> words = {"html", "space", "control", "nfc"};
  EXPECT_EQ(DidYouMean("htlm", words), " (did you mean 'html'?)");
  EXPECT_EQ(DidYouMean("Spaces", words), " (did you mean 'space'?)");
  EXPECT_EQ(DidYouMean("contrl", words), " (did you mean 'control'?)");
  EXPECT_EQ(DidYouMean("nfd", words), " (did you mean 'nfc'?)");
}

TEST(SuggestionTest, IsSilentWhereNothingIsNear) {
  const std::vector<std::string> words = {"html", "space"};
  EXPECT_EQ(DidYouMean("zebra", words), "");
  EXPECT_EQ(DidYouMean("", words), "");
  EXPECT_EQ(DidYouMean(std::string(100'000, 'h'), words), "");
  EXPECT_EQ(DidYouMean("html", {}), "");
}

TEST(SuggestionTest, TheFirstOfEqualsWins) {
  const std::vector<std::string> words = {"text1", "text2"};
  EXPECT_EQ(DidYouMean("text3", words), " (did you mean 'text1'?)");
}

}  // namespace
}  // namespace rowmill
