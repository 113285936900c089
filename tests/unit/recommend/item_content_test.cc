#include "recommend/item_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ItemContent, ScoresAreDotProducts) {
  ItemContent content(3, 2);
  const std::vector<float> x = {1, 0}, y = {0.6f, 0.8f};
  content.Set(0, "x", x);
  content.Set(2, "y", y);
  EXPECT_TRUE(content.Has(0));
  EXPECT_FALSE(content.Has(1));
  std::vector<float> profile(2, 0.0f), scores(3);
  content.AddVector(0, 2.0f, profile);
  content.Score(profile, scores);
  EXPECT_THAT(scores, ElementsAre(2.0f, 0.0f, 1.2f));
  EXPECT_FLOAT_EQ(content.Cosine(0, 2), 0.6f);
}

TEST(ItemContent, SharedWordsRarestFirst) {
  ItemContent content(6, 0);
  const char* texts[] = {"Star Wars, space opera",
                         "Star Trek, space opera",
                         "Space Jam, comedy",
                         "Opera house, drama",
                         "Drama queen",
                         "Comedy drama"};
  for (size_t i = 0; i < 6; ++i) content.Set(i, texts[i], {});
  content.IndexWords();
  EXPECT_THAT(content.SharedWords(0, 1, 5), ElementsAre("star", "space", "opera"));
  EXPECT_THAT(content.SharedWords(0, 1, 1), ElementsAre("star"));
  EXPECT_THAT(content.SharedWords(0, 4, 5), IsEmpty());
}

TEST(ItemContent, WordsOfMostItemsSayNothing) {
  ItemContent content(3, 0);
  for (size_t i = 0; i < 3; ++i) content.Set(i, i < 2 ? "film noir" : "film", {});
  content.IndexWords();
  EXPECT_THAT(content.SharedWords(0, 1, 5), IsEmpty());  // both words are in more than half
}

TEST(WordsOf, LettersAndDigits) {
  EXPECT_THAT(WordsOf("Die Hard 2: X-Men (1990) \xC3\x89tude of1"),
              ElementsAre("die", "hard", "men", "\xC3\x89tude", "of1"));
  EXPECT_THAT(WordsOf(""), IsEmpty());
  EXPECT_THAT(WordsOf("12 345 a b"), IsEmpty());
}

}  // namespace
}  // namespace rowmill
