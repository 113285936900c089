#include "formats/gguf_value_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/formats/gguf_builder.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ValueFailure(uint32_t value_type, const std::string& value) {
  return ParseFailure(GgufBuilder().Key("the.key", value_type, value).Data("padding").Build());
}

// M09
TEST(GgufValueReaderTest, RefusesUnknownValueTypes) {
  for (const uint32_t type : {13U, 14U, 255U, UINT32_MAX}) {
    EXPECT_THAT(ValueFailure(type, Le(uint64_t{0})),
                AllOf(HasSubstr("'the.key'"), HasSubstr(std::to_string(type))));
    EXPECT_THAT(ValueFailure(9, GgufItems(type, 1, Le(uint64_t{0}))),
                HasSubstr(std::to_string(type)));
    EXPECT_THAT(ValueFailure(9, GgufItems(type, 0, "")), HasSubstr(std::to_string(type)));
  }
}

// M09
TEST(GgufValueReaderTest, RefusesABoolOfTwo) {
  EXPECT_THAT(ValueFailure(7, "\x02"), HasSubstr("bool"));
  EXPECT_THAT(ValueFailure(9, GgufItems(7, 2, "\x01\xff")), HasSubstr("bool"));
}

// M10
TEST(GgufValueReaderTest, RefusesStringsLongerThanTheFile) {
  for (const uint64_t length : {uint64_t{1000}, uint64_t{1} << 31, uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_THAT(ValueFailure(8, Le(length)), HasSubstr(std::to_string(length)));
    EXPECT_THAT(ValueFailure(9, GgufItems(8, 2, GgufText("a") + Le(length))),
                HasSubstr(std::to_string(length)));
  }
}

// M11
TEST(GgufValueReaderTest, RefusesArraysLongerThanTheFile) {
  for (uint32_t type = 0; type <= 12; ++type) {
    for (const uint64_t count :
         {uint64_t{4000}, uint64_t{1} << 31, uint64_t{1} << 61, uint64_t{1} << 63, UINT64_MAX}) {
      EXPECT_NE(ValueFailure(9, GgufItems(type, count, "")), "") << type << ' ' << count;
    }
  }
}

// M11: the refusal comes with the outermost array, so that depth costs nothing.
TEST(GgufValueReaderTest, RefusesArraysOfArrays) {
  std::string nested;
  for (int depth = 0; depth < 10000; ++depth) nested += Le(uint32_t{9}) + Le(uint64_t{1});
  EXPECT_THAT(ValueFailure(9, nested), HasSubstr("array of arrays"));
  EXPECT_THAT(ValueFailure(9, GgufItems(9, 0, "")), HasSubstr("array of arrays"));
}

TEST(GgufValueReaderTest, RefusesArrayElementsBeyondTheSignedRange) {
  EXPECT_THAT(ValueFailure(9, GgufItems(10, 1, Le(uint64_t{1} << 63))), HasSubstr("2^63"));
}

TEST(GgufValueReaderTest, LimitsTheElementsOfAnArray) {
  constexpr uint64_t kLimit = uint64_t{4} << 20;
  const std::string at_limit(kLimit * 4, '\0');
  EXPECT_EQ(ValueFailure(9, GgufItems(5, kLimit, at_limit)), "");
  EXPECT_THAT(ValueFailure(9, GgufItems(5, kLimit + 1, at_limit + Le(0))), HasSubstr("limit"));
}

// Bytes grow eightfold in memory, so their number is limited over the whole file.
TEST(GgufValueReaderTest, LimitsNarrowElementsOverTheWholeFile) {
  constexpr uint64_t kHalf = uint64_t{2} << 20;
  const std::string half(kHalf, '\0');
  GgufBuilder builder;
  builder.Key("a", 9, GgufItems(0, kHalf, half)).Key("b", 9, GgufItems(7, kHalf, half));
  EXPECT_EQ(ParseFailure(builder.Build()), "");
  builder.Key("c", 9, GgufItems(3, 1, Le(int16_t{0})));
  EXPECT_THAT(ParseFailure(builder.Build()), HasSubstr("'c'"));
}

}  // namespace
}  // namespace rowmill
