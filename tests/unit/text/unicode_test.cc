#include "text/unicode.h"

#include <gtest/gtest.h>

#include <set>

namespace rowmill {
namespace {

TEST(CharClassTable, KnownCharacters) {
  const CharClassTable& classes = CharClassTable::Get();
  for (const uint32_t c : {0x61, 0x5A, 0xAA, 0xE9, 0x17F, 0x1BB, 0x2B0, 0x5D0, 0x4E2D, 0xAC00,
                           0x1C5, 0x20000, 0x2EBF0, 0x2EE5D, 0x323AF}) {
    EXPECT_EQ(classes.ClassOf(c), CharClass::kLetter) << std::hex << c;
  }
  for (const uint32_t c :
       {0x30, 0x39, 0xB2, 0xBD, 0x660, 0x0BF0, 0x2160, 0x3007, 0x2460, 0x1D7D8}) {
    EXPECT_EQ(classes.ClassOf(c), CharClass::kNumber) << std::hex << c;
  }
  // Marks are not letters, format characters are not white space, unassigned ones are other.
  for (const uint32_t c : {0x00, 0x1F, 0x1C, 0x5F, 0x24, 0x300, 0x93E, 0x200B, 0x200D, 0xFEFF,
                           0x180E, 0xE000, 0x378, 0x2EE5E, 0x10FFFF, 0x1F600}) {
    EXPECT_EQ(classes.ClassOf(c), CharClass::kOther) << std::hex << c;
  }
}

TEST(CharClassTable, WhiteSpaceIsTheUnicodeProperty) {
  const std::set<uint32_t> expected = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,
                                       0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                       0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                       0x2029, 0x202F, 0x205F, 0x3000};
  std::set<uint32_t> found;
  const CharClassTable& classes = CharClassTable::Get();
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (classes.ClassOf(c) == CharClass::kSpace) found.insert(c);
  }
  EXPECT_EQ(found, expected);
}

TEST(CharClassTable, AsciiRowAgrees) {
  const CharClassTable& classes = CharClassTable::Get();
  for (uint32_t c = 0; c < 0x80; ++c) {
    EXPECT_EQ(classes.AsciiClassOf(static_cast<uint8_t>(c)), classes.ClassOf(c)) << c;
  }
}

// Totals of Unicode 15.1's DerivedGeneralCategory.txt.
TEST(CharClassTable, CountsOfUnicode15Point1) {
  int letters = 0;
  int numbers = 0;
  const CharClassTable& classes = CharClassTable::Get();
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    letters += classes.ClassOf(c) == CharClass::kLetter;
    numbers += classes.ClassOf(c) == CharClass::kNumber;
  }
  EXPECT_EQ(letters, 136726);
  EXPECT_EQ(numbers, 1831);
}

}  // namespace
}  // namespace rowmill
