#include "text/byte_token.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(ByteToken, Parses) {
  EXPECT_EQ(ParseByteToken("<0x00>"), 0);
  EXPECT_EQ(ParseByteToken("<0x0A>"), 10);
  EXPECT_EQ(ParseByteToken("<0xFF>"), 255);
  EXPECT_EQ(ByteTokenBytes("<0x41>"), "A");
  EXPECT_EQ(ByteTokenBytes("<0x00>"), std::string_view("\0", 1));
}

TEST(ByteToken, RefusesOtherText) {
  for (const char* text :
       {"", "<0x0A", "<0x0a>", "<0xG0>", "<0x0A>>", "0x0A>>", "<0X0A>", "<0x 1>"}) {
    EXPECT_FALSE(ParseByteToken(text)) << text;
    EXPECT_TRUE(ByteTokenBytes(text).empty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
