#include "prep/clean_text.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

std::string Controls(std::string_view text) {
  std::string out;
  AppendWithoutControls(text, out);
  return out;
}

std::string Space(std::string_view text) {
  std::string out;
  AppendCollapsedSpace(text, out);
  return out;
}

TEST(CleanTextTest, ControlCharactersGoAndLayoutStays) {
  EXPECT_EQ(Controls("a\x01\tb\n\r\x1b[31mc\x7f"), "a\tb\n\r[31mc");
  EXPECT_EQ(Controls("\xef\xbb\xbf"
                     "a\xc2\x80"
                     "b\xc2\x85"
                     "c"),
            "ab\xc2\x85"
            "c");
  EXPECT_EQ(Controls("a\xe2\x80\xae"
                     "b\xe2\x81\xa9"
                     "c"),
            "abc");  // U+202E, U+2069
  EXPECT_EQ(Controls("x\xef\xbf\xbf"
                     "y\xf0\x9f\xbf\xbe"),
            "xy");  // noncharacters
}

TEST(CleanTextTest, JoinersStay) {
  const std::string family = "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7";  // woman ZWJ girl
  EXPECT_EQ(Controls(family), family);
  EXPECT_EQ(Controls("\xd9\x85\xe2\x80\x8c\xd8\xa7\xe2\x80\x8e"),
            "\xd9\x85\xe2\x80\x8c\xd8\xa7\xe2\x80\x8e");
}

TEST(CleanTextTest, SpaceCollapses) {
  EXPECT_EQ(Space("  a \t\n b\xc2\xa0\xe3\x80\x80\xe2\x80\xa8"
                  "c  "),
            "a b c");
  EXPECT_EQ(Space(" \n "), "");
  EXPECT_EQ(Space("a b"), "a b");
  EXPECT_EQ(Space(""), "");
  EXPECT_EQ(Space("a\xe2\x80\x8b"
                  "b"),
            "a\xe2\x80\x8b"
            "b");  // a zero-width space is none
}

TEST(CleanTextTest, BlankIsOnlySpace) {
  EXPECT_TRUE(IsBlankText(""));
  EXPECT_TRUE(IsBlankText(" \t\r\n\xc2\xa0"));
  EXPECT_FALSE(IsBlankText(" . "));
}

}  // namespace
}  // namespace rowmill
