#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindCreditCards, text); }

// The numbers that payment processors publish for tests.
TEST(Card, PublishedTestNumbers) {
  for (const char* number :
       {"4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222",
        "5200828282828210", "5105105105105100", "378282246310005",  "371449635398431",
        "6011111111111117", "6011000990139424", "3056930009020004", "30569309025904",
        "38520000023237",   "3530111333300000", "3566002020360505", "6200000000000005",
        "4111111111111111", "4012888888881881", "4222222222222",    "6205500000000000004"}) {
    const std::string text = std::string("I paid with ") + number + ", and it failed.";
    EXPECT_THAT(In(text), ElementsAre(std::string("CREDIT_CARD ") + number));
    std::string wrong = number;
    wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
    EXPECT_THAT(In("number " + wrong), IsEmpty()) << wrong;
  }
}

TEST(Card, Groupings) {
  EXPECT_THAT(In("4111 1111 1111 1111"), ElementsAre("CREDIT_CARD 4111 1111 1111 1111"));
  EXPECT_THAT(In("(4111-1111-1111-1111)"), ElementsAre("CREDIT_CARD 4111-1111-1111-1111"));
  EXPECT_THAT(In("3782 822463 10005 12/27"), ElementsAre("CREDIT_CARD 3782 822463 10005"));
  EXPECT_THAT(In("4111\u00a01111\u20091111 1111"),
              ElementsAre("CREDIT_CARD 4111\u00a01111\u20091111 1111"));
  EXPECT_THAT(In("４１１１１１１１１１１１１１１１"),
              ElementsAre("CREDIT_CARD ４１１１１１１１１１１１１１１１"));
  EXPECT_THAT(In("4111 1111-1111 1111"), IsEmpty());
  EXPECT_THAT(In("41 11 11 11 11 11 11 11"), IsEmpty());
}

TEST(Card, NotInsideOfOtherThings) {
  for (const char* text :
       {"x4111111111111111", "4111111111111111a", "41111111111111110", "id-4111111111111111",
        "0.4111111111111111", "7992739871300000", "0000000000000000"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
