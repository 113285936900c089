#include "recommend/items_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

ItemTexts Read(std::string_view bytes, NameTable& items, const ItemColumns& columns,
               Format format = Format::kCsv) {
  return ReadItems(*testing::SourceOver(bytes, testing::Options(format)), columns, {}, items);
}

TEST(ItemsReader, TextsOfRatedItemsAndThenOfOthers) {
  NameTable items;
  items.Add("b");
  items.Add("a");
  const ItemTexts texts =
      Read("item,title,genres\na,Alien,horror\nc,Casablanca,drama\nb,Big,comedy\n", items, {});
  EXPECT_THAT(texts.texts, ElementsAre("Big, comedy", "Alien, horror", "Casablanca, drama"));
  EXPECT_THAT(texts.titles, ElementsAre("Big", "Alien", "Casablanca"));
  EXPECT_EQ(texts.num_unrated, 1u);
  EXPECT_EQ(items.name(2), "c");
}

TEST(ItemsReader, ChosenColumnsAndLists) {
  NameTable items;
  const ItemTexts texts =
      Read("{\"i\": 7, \"t\": \"Alien\", \"g\": [\"horror\", \"sci-fi\"], \"n\": null}\n", items,
           {"i", {"g", "n", "t"}, "t"}, Format::kJsonl);
  EXPECT_THAT(texts.texts, ElementsAre("horror, sci-fi, Alien"));
  EXPECT_THAT(texts.titles, ElementsAre("Alien"));
}

TEST(ItemsReader, RepeatedAndNamelessRowsAreLeftOut) {
  NameTable items;
  const ItemTexts texts = Read("item,title\na,One\na,Two\n,Three\n", items, {});
  EXPECT_THAT(texts.titles, ElementsAre("One"));
  EXPECT_EQ(texts.num_rows, 3u);
  EXPECT_EQ(texts.num_repeated, 1u);
  EXPECT_EQ(texts.num_invalid, 1u);
  ASSERT_TRUE(texts.first_problem);
  EXPECT_EQ(texts.first_problem->line, 4u);
}

TEST(ItemsReader, MissingColumnsAreErrors) {
  NameTable items;
  EXPECT_THROW(Read("id,title\na,One\n", items, {}), UsageError);
  EXPECT_THROW(Read("item,title\na,One\n", items, {"item", {"genre"}, ""}), UsageError);
  EXPECT_THROW(Read("item,title\na,One\n", items, {"item", {}, "name"}), UsageError);
}

}  // namespace
}  // namespace rowmill
