#include "data/arrow_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using Kind = ArrowType::Kind;
using testing::ErrorText;
using ::testing::HasSubstr;

// An array over buffers that outlive it.
struct Values {
  ArrowType type;
  ArrowArray array{};
  std::vector<const void*> buffers;
  std::vector<ArrowArray*> children;

  Values(const char* format, int64_t length, std::vector<const void*> given)
      : buffers(std::move(given)) {
    ArrowSchema schema{};
    schema.format = format;
    schema.release = [](ArrowSchema*) {};
    ArrowSchema child{};
    child.format = "i";
    child.release = schema.release;
    ArrowSchema* child_pointer = &child;
    if (format[0] == '+') {
      schema.children = &child_pointer;
      schema.n_children = 1;
    }
    type = ReadArrowType(schema);
    array.length = length;
    array.null_count = -1;
    array.n_buffers = static_cast<int64_t>(buffers.size());
    array.buffers = buffers.data();
  }
  void AddChild(Values& values) {
    children.push_back(&values.array);
    array.children = children.data();
    array.n_children = static_cast<int64_t>(children.size());
  }
  std::string All() const {
    CheckArrowArray(type, array);
    std::string out;
    for (int64_t i = 0; i < array.length; ++i) {
      if (i > 0) out += ' ';
      AppendArrowJson(type, array, i, out);
    }
    return out;
  }
};

TEST(ArrowJsonTest, Numbers) {
  const int8_t small[] = {-128, 0, 127};
  EXPECT_EQ(Values("c", 3, {nullptr, small}).All(), "-128 0 127");
  const uint64_t large[] = {UINT64_MAX};
  EXPECT_EQ(Values("L", 1, {nullptr, large}).All(), "18446744073709551615");
  const float floats[] = {0.1f, std::numeric_limits<float>::infinity(), -2.0f};
  EXPECT_EQ(Values("f", 3, {nullptr, floats}).All().substr(0, 8), "0.1 null");
  const double doubles[] = {0.1, NAN};
  EXPECT_EQ(Values("g", 2, {nullptr, doubles}).All(), "0.1 null");
  const uint8_t bits[] = {0b101};
  EXPECT_EQ(Values("b", 3, {nullptr, bits}).All(), "true false true");
  EXPECT_EQ(Values("n", 2, {}).All(), "null null");
}

TEST(ArrowJsonTest, NullsAndOffsets) {
  const int32_t values[] = {1, 2, 3, 4};
  const uint8_t validity[] = {0b1011};
  Values array("i", 3, {validity, values});
  array.array.offset = 1;
  EXPECT_EQ(array.All(), "2 null 4");
  array.array.null_count = 0;  // Then the bits say nothing.
  EXPECT_EQ(array.All(), "2 3 4");
}

TEST(ArrowJsonTest, Texts) {
  const char text[] = "a\"b\xff\u00e9";
  const int32_t offsets[] = {0, 3, 3, 6};
  EXPECT_EQ(Values("u", 3, {nullptr, offsets, text}).All(), "\"a\\\"b\" \"\" \"\ufffd\u00e9\"");
  const int64_t large_offsets[] = {0, 1};
  EXPECT_EQ(Values("U", 1, {nullptr, large_offsets, text}).All(), "\"a\"");
}

TEST(ArrowJsonTest, Views) {
  const std::string longer = "..more than twelve bytes";
  unsigned char views[32] = {};
  const int32_t short_size = 12;
  std::memcpy(views, &short_size, 4);
  std::memcpy(views + 4, "twelve bytes", 12);
  const int32_t place[] = {22, 0, 0, 2};  // size, (prefix), buffer, offset
  std::memcpy(views + 16, place, 16);
  const int64_t sizes[] = {static_cast<int64_t>(longer.size())};
  EXPECT_EQ(Values("vu", 2, {nullptr, views, longer.data(), sizes}).All(),
            "\"twelve bytes\" \"more than twelve bytes\"");
}

TEST(ArrowJsonTest, DatesAndTimes) {
  const int32_t days[] = {0, -1, 19'782, -719'528};
  EXPECT_EQ(Values("tdD", 4, {nullptr, days}).All(),
            "\"1970-01-01\" \"1969-12-31\" \"2024-02-29\" \"0000-01-01\"");
  const int64_t milliseconds[] = {-1, 1'500};
  EXPECT_EQ(Values("tdm", 2, {nullptr, milliseconds}).All(), "\"1969-12-31\" \"1970-01-01\"");
  EXPECT_EQ(Values("tsm:UTC", 2, {nullptr, milliseconds}).All(),
            "\"1969-12-31T23:59:59.999Z\" \"1970-01-01T00:00:01.5Z\"");
  const int64_t nanoseconds[] = {1, INT64_MIN};
  EXPECT_EQ(Values("tsn:", 2, {nullptr, nanoseconds}).All(),
            "\"1970-01-01T00:00:00.000000001\" \"1677-09-21T00:12:43.145224192\"");
}

TEST(ArrowJsonTest, ListsWithOffsetsOfTheirOwn) {
  const int32_t numbers[] = {1, 2, 3, 4, 5};
  Values child("i", 4, {nullptr, numbers});
  child.array.offset = 1;
  const int32_t offsets[] = {0, 1, 1, 4};
  Values list("+l", 2, {nullptr, offsets});
  list.AddChild(child);
  list.array.offset = 1;
  EXPECT_EQ(list.All(), "[] [3,4,5]");
  Values pairs("+w:2", 2, {nullptr});
  pairs.AddChild(child);
  EXPECT_EQ(pairs.All(), "[2,3] [4,5]");
}

TEST(ArrowJsonTest, DictionariesGiveTheValue) {
  const int32_t offsets[] = {0, 2, 5};
  Values words("u", 2, {nullptr, offsets, "nosix"});
  const int8_t indices[] = {1, 0, 1};
  Values array("c", 3, {nullptr, indices});
  array.type.dictionary = {words.type};
  array.array.dictionary = &words.array;
  EXPECT_EQ(array.All(), "\"six\" \"no\" \"six\"");
}

TEST(ArrowJsonTest, AnArrayOfAnotherLayoutIsAnError) {
  const int32_t values[] = {1};
  Values array("u", 1, {nullptr, values});
  array.type.name = "body";
  EXPECT_THAT(ErrorText<DataError>([&] { array.All(); }), HasSubstr("column 'body'"));
}

}  // namespace
}  // namespace rowmill
