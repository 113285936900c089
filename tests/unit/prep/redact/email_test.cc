#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindEmailAddresses, text); }

TEST(Email, AddressesInSentences) {
  EXPECT_THAT(In("Write to ann.o'neil+news@mail.example.org."),
              ElementsAre("EMAIL_ADDRESS ann.o'neil+news@mail.example.org"));
  EXPECT_THAT(
      In("<a@b.de>,c@d.co.uk;'e@f.com'"),
      ElementsAre("EMAIL_ADDRESS a@b.de", "EMAIL_ADDRESS c@d.co.uk", "EMAIL_ADDRESS e@f.com"));
  EXPECT_THAT(In("mailto:x_1@y-z.museum?subject=hi"), ElementsAre("EMAIL_ADDRESS x_1@y-z.museum"));
  EXPECT_THAT(In("\"two words\"@example.org"),
              ElementsAre("EMAIL_ADDRESS \"two words\"@example.org"));
  EXPECT_THAT(In("grün@bücher.example und ａ＠ｂ．ｏｒｇ"),
              ElementsAre("EMAIL_ADDRESS grün@bücher.example", "EMAIL_ADDRESS ａ＠ｂ．ｏｒｇ"));
  EXPECT_THAT(In("a@xn--bcher-kva.xn--p1ai"),
              ElementsAre("EMAIL_ADDRESS a@xn--bcher-kva.xn--p1ai"));
}

TEST(Email, WhatIsNone) {
  for (const char* text : {"user@host", "@mention", "a@", "icon@2x.png", "lodash@4.17.21", "x@y.z",
                           "a@.org", "git@github.com:team/tool.git", "https://u:p@host.org/x",
                           "@app.route", "a @ b.org", "root@db.internal", "a.@b.org"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
