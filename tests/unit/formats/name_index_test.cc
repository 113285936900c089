#include "formats/name_index.h"

#include <gtest/gtest.h>

#include <optional>

namespace rowmill {
namespace {

TEST(NameIndexTest, FindsPositions) {
  const NameIndex index({"b", "a", "", "ab"});
  EXPECT_EQ(index.Find("b"), 0U);
  EXPECT_EQ(index.Find("a"), 1U);
  EXPECT_EQ(index.Find(""), 2U);
  EXPECT_EQ(index.Find("ab"), 3U);
  EXPECT_EQ(index.Find("aa"), std::nullopt);
  EXPECT_EQ(index.Find("z"), std::nullopt);
  EXPECT_EQ(index.FindDuplicate(), std::nullopt);
}

TEST(NameIndexTest, NamesADuplicate) {
  EXPECT_EQ(NameIndex({"b", "a", "c", "a"}).FindDuplicate(), "a");
  EXPECT_EQ(NameIndex().FindDuplicate(), std::nullopt);
  EXPECT_EQ(NameIndex().Find("a"), std::nullopt);
}

}  // namespace
}  // namespace rowmill
