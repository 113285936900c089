#include "data/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace rowmill {
namespace {

std::string Repaired(std::string_view text) {
  std::string out;
  AppendRepairedUtf8(text, out);
  return out;
}

TEST(Utf8Test, KeepsEveryValidCharacter) {
  std::string all;
  size_t count = 0;
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c == 0xD800) c = 0xE000;
    AppendCharacter(c, all);
    ++count;
  }
  EXPECT_TRUE(IsCleanUtf8(all));
  EXPECT_EQ(CountCharacters(all), count);
  size_t position = 0;
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c == 0xD800) c = 0xE000;
    ASSERT_EQ(NextCharacter(all, position), c);
  }
  EXPECT_EQ(position, all.size());
  std::string copy = all;
  EXPECT_FALSE(RepairUtf8(copy));
  EXPECT_EQ(copy, all);
}

// Table 3-8 of the Unicode standard and its neighbours: one U+FFFD per maximal ill-formed part.
TEST(Utf8Test, ReplacesMaximalIllFormedParts) {
  const std::string r(kReplacementText);
  EXPECT_EQ(Repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(Repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(Repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(Repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_EQ(Repaired("ab\xC3"), "ab" + r);
  EXPECT_EQ(Repaired("\xF0\x9F\x98"), r);
  EXPECT_EQ(Repaired(std::string_view("a\0b", 3)), "a" + r + "b");
}

// The word-at-a-time test must see a bad byte at each place of the word.
TEST(Utf8Test, FindsOneBadByteAnywhere) {
  for (const char bad : {'\0', '\x80', '\xff', '\xc3'}) {
    for (size_t length = 1; length < 40; ++length) {
      for (size_t place = 0; place < length; ++place) {
        std::string text(length, '\x01');
        text[place] = bad;
        ASSERT_EQ(CleanUtf8Prefix(text), place) << length;
      }
    }
  }
}

TEST(Utf8Test, RepairIsValidAndIdempotent) {
  std::mt19937 random(20240517);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, '\0');
    static constexpr char kBytes[] = "\0A\x7f\x80\x9f\xa0\xbf\xc2\xe0\xe1\xed\xf0\xf4\xf5\xff";
    for (char& c : text) c = kBytes[random() % (sizeof(kBytes) - 1)];
    const std::string once = Repaired(text);
    ASSERT_TRUE(IsCleanUtf8(once)) << round;
    ASSERT_EQ(Repaired(once), once) << round;
    std::string in_place = text;
    ASSERT_EQ(RepairUtf8(in_place), once != text) << round;
    ASSERT_EQ(in_place, once) << round;
  }
}

}  // namespace
}  // namespace rowmill
