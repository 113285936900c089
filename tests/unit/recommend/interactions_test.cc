#include "recommend/interactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Interactions, ByItemInOrderOfUsers) {
  Interactions interactions = testing::FromHistories(3, {{2, 0}, {}, {0}});
  interactions.ratings = {1, 2, 3};
  const UsersByItem by_item(interactions);
  EXPECT_THAT(by_item.UsersOf(0), ElementsAre(0, 2));
  EXPECT_THAT(by_item.RatingsOf(0), ElementsAre(2, 3));
  EXPECT_THAT(by_item.UsersOf(1), IsEmpty());
  EXPECT_THAT(by_item.UsersOf(2), ElementsAre(0));
}

TEST(Interactions, LastOutLeavesSingleOnes) {
  const LastOut out = TakeLastOut(testing::FromHistories(3, {{2, 0, 1}, {}, {0}}));
  EXPECT_THAT(out.items, ElementsAre(1, kNoItem, kNoItem));
  EXPECT_THAT(out.rest.ItemsOf(0), ElementsAre(2, 0));
  EXPECT_THAT(out.rest.ItemsOf(1), IsEmpty());
  EXPECT_THAT(out.rest.ItemsOf(2), ElementsAre(0));
  EXPECT_EQ(out.rest.num_items, 3u);
}

}  // namespace
}  // namespace rowmill
