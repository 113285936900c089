#include "prep/html_entities.h"

#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

TEST(HtmlEntitiesTest, NamesAreFoundByCase) {
  EXPECT_EQ(EntityCharacter("amp"), U'&');
  EXPECT_EQ(EntityCharacter("apos"), U'\'');
  EXPECT_EQ(EntityCharacter("eacute"), U'\u00e9');
  EXPECT_EQ(EntityCharacter("Eacute"), U'\u00c9');
  EXPECT_EQ(EntityCharacter("AElig"), U'\u00c6');  // the first of the table
  EXPECT_EQ(EntityCharacter("zwnj"), U'\u200c');   // the last
  EXPECT_EQ(EntityCharacter("hearts"), U'\u2665');
  EXPECT_EQ(EntityCharacter("EACUTE"), std::nullopt);
  EXPECT_EQ(EntityCharacter(""), std::nullopt);
  EXPECT_EQ(EntityCharacter("nothing"), std::nullopt);
}

TEST(HtmlEntitiesTest, NumbersAreCharacters) {
  EXPECT_EQ(EntityCharacter("#39"), U'\'');
  EXPECT_EQ(EntityCharacter("#x1F600"), U'\U0001F600');
  EXPECT_EQ(EntityCharacter("#X1f600"), U'\U0001F600');
  EXPECT_EQ(EntityCharacter("#0000065"), U'A');
  EXPECT_EQ(EntityCharacter("#"), std::nullopt);
  EXPECT_EQ(EntityCharacter("#x"), std::nullopt);
  EXPECT_EQ(EntityCharacter("#1F"), std::nullopt);
  EXPECT_EQ(EntityCharacter("#-1"), std::nullopt);
}

TEST(HtmlEntitiesTest, NumbersThatAreNoCharactersAreReplaced) {
  for (const char* name :
       {"#0", "#xD800", "#xDFFF", "#x110000", "#99999999999999999999", "#xFFFFFFFFFFFFFFFFFFFF"}) {
    EXPECT_EQ(EntityCharacter(name), U'\uFFFD') << name;
  }
  EXPECT_EQ(EntityCharacter("#x10FFFF"), U'\U0010FFFF');
}

TEST(HtmlEntitiesTest, WindowsNumbersMeanWhatPagesMean) {
  EXPECT_EQ(EntityCharacter("#128"), U'\u20ac');
  EXPECT_EQ(EntityCharacter("#146"), U'\u2019');
  EXPECT_EQ(EntityCharacter("#x9F"), U'\u0178');
  EXPECT_EQ(EntityCharacter("#160"), U'\u00a0');
}

}  // namespace
}  // namespace rowmill
