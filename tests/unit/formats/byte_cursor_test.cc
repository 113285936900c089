#include "formats/byte_cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Function>
std::string Failure(Function function) {
  try {
    function();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

TEST(ByteCursorTest, ReadsInOrder) {
  const std::string bytes("\x01\x02\x03\x04\x05\x03\0\0\0\0\0\0\0abcd", 17);
  ByteCursor cursor(AsBytes(bytes), "f");
  EXPECT_EQ(cursor.Read<uint8_t>("a"), 1);
  EXPECT_EQ(cursor.Read<uint32_t>("b"), 0x05040302U);  // unaligned
  EXPECT_EQ(cursor.offset(), 5U);
  EXPECT_EQ(cursor.ReadString("c"), "abc");
  EXPECT_EQ(cursor.remaining(), 1U);
}

TEST(ByteCursorTest, NamesTheFileTheFieldAndTheByteWhereItEnds) {
  const std::string bytes = "abc";
  ByteCursor cursor(AsBytes(bytes), "some.gguf");
  EXPECT_THAT(Failure([&] { cursor.Read<uint32_t>("tensor type"); }),
              AllOf(HasSubstr("some.gguf"), HasSubstr("tensor type"), HasSubstr("byte 3")));
  EXPECT_EQ(cursor.offset(), 0U);
}

TEST(ByteCursorTest, RefusesStringsThatReachBeyondTheEnd) {
  for (const char last : {'\x04', '\xff'}) {
    std::string bytes(8, last);
    if (last == '\x04') bytes = std::string("\x04\0\0\0\0\0\0\0", 8);
    bytes += "abc";
    ByteCursor cursor(AsBytes(bytes), "f");
    EXPECT_THAT(Failure([&] { cursor.ReadString("key"); }),
                AllOf(HasSubstr("key"), HasSubstr("3 are left")));
  }
}

}  // namespace
}  // namespace rowmill
