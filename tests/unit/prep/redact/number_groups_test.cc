#include "prep/redact/number_groups.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(NumberGroups, ReadsGroupsAndTheirSeparators) {
  const NumberGroups groups("x 4111-1111 ab12, 5", 2, " -");
  ASSERT_EQ(groups.num_groups(), 3u);
  EXPECT_EQ(groups.compact(2), "41111111");
  EXPECT_EQ(groups.compact(3), "41111111AB12");
  EXPECT_EQ(groups.group(2).separator, ' ');
  EXPECT_TRUE(groups.OneSeparator(2));
  EXPECT_FALSE(groups.OneSeparator(3));
  EXPECT_EQ(groups.GroupsOf(8), 2u);
  EXPECT_EQ(groups.GroupsOf(9), 0u);
  EXPECT_TRUE(groups.IsDigits(1));
  EXPECT_FALSE(groups.IsDigits(2));
}

TEST(NumberGroups, StopsBeforeTheGroupThatPassesTheLimit) {
  const std::string forty(40, '1');
  EXPECT_EQ(NumberGroups(forty, 0, " ").num_groups(), 1u);
  EXPECT_EQ(NumberGroups(forty + "1", 0, " ").num_groups(), 0u);
  EXPECT_EQ(NumberGroups("12 " + forty, 0, " ").num_groups(), 1u);
  std::string many;
  for (int i = 0; i < 30; ++i) many += "1 ";
  EXPECT_EQ(NumberGroups(many, 0, " ").num_groups(), NumberGroups::kMaxGroups);
}

TEST(NumberGroups, WhereNumbersMayBeginAndEnd) {
  EXPECT_TRUE(NumberMayBegin("(12", 1));
  EXPECT_TRUE(NumberMayBegin("tel:12", 4));
  EXPECT_FALSE(NumberMayBegin("A-12", 2));
  EXPECT_FALSE(NumberMayBegin("1.23", 2));
  EXPECT_FALSE(NumberMayBegin("a12", 1));
  EXPECT_FALSE(NumberMayBegin("$12", 1));
  EXPECT_TRUE(NumberMayEnd("12. Then", 2));
  EXPECT_TRUE(NumberMayEnd("12.Then", 2));
  EXPECT_FALSE(NumberMayEnd("12.5", 2));
  EXPECT_FALSE(NumberMayEnd("12,500", 2));
  EXPECT_FALSE(NumberMayEnd("12-A", 2));
  EXPECT_FALSE(NumberMayEnd("12x", 2));
}

}  // namespace
}  // namespace rowmill
