#include "text/byte_alphabet.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rowmill {
namespace {

TEST(ByteAlphabet, EveryByteHasItsOwnCharacter) {
  std::set<uint32_t> characters;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    characters.insert(ByteToAlphabet(static_cast<uint8_t>(byte)));
    const std::string text = BytesToAlphabet({&c, 1});
    ASSERT_EQ(AlphabetToBytes(text), std::string(1, c)) << byte;
  }
  EXPECT_EQ(characters.size(), 256u);
}

TEST(ByteAlphabet, KnownCharacters) {
  EXPECT_EQ(ByteToAlphabet('A'), uint32_t{'A'});
  EXPECT_EQ(ByteToAlphabet(' '), 0x120u);   // the well-known "Ġ"
  EXPECT_EQ(ByteToAlphabet('\n'), 0x10Au);  // "Ċ"
  EXPECT_EQ(ByteToAlphabet(0), 0x100u);
  EXPECT_EQ(ByteToAlphabet(0x7F), 0x121u);
  EXPECT_EQ(ByteToAlphabet(0xAD), 0x143u);  // the last of the 68
  EXPECT_EQ(ByteToAlphabet(0xFF), 0xFFu);
}

TEST(ByteAlphabet, RefusesOtherText) {
  EXPECT_FALSE(AlphabetToBytes("a b"));           // a space is written as U+0120
  EXPECT_FALSE(AlphabetToBytes("\xC5\x84"));      // U+0144, the first after the alphabet
  EXPECT_FALSE(AlphabetToBytes("\xE2\x96\x81"));  // U+2581
  EXPECT_FALSE(AlphabetToBytes("\xC2\xAD"));      // U+00AD stands for no byte
  EXPECT_EQ(AlphabetToBytes(""), std::string());
}

}  // namespace
}  // namespace rowmill
