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

TEST(ArrowJsonTest, TimesAndDurations) {
  const int32_t seconds[] = {0, 3'723, -1, 86'400};
  EXPECT_EQ(Values("tts", 4, {nullptr, seconds}).All(),
            "\"00:00:00\" \"01:02:03\" \"23:59:59\" \"00:00:00\"");
  const int64_t microseconds[] = {86'399'500'000, 1, INT64_MIN};
  EXPECT_EQ(Values("ttu", 2, {nullptr, microseconds}).All(), "\"23:59:59.5\" \"00:00:00.000001\"");
  EXPECT_EQ(Values("tDu", 3, {nullptr, microseconds}).All(),
            "\"PT86399.5S\" \"PT0.000001S\" \"-PT9223372036854.775808S\"");
  const int64_t whole[] = {0, -90, INT64_MIN};
  EXPECT_EQ(Values("tDs", 3, {nullptr, whole}).All(),
            "\"PT0S\" \"-PT90S\" \"-PT9223372036854775808S\"");
}

TEST(ArrowJsonTest, DecimalsKeepAllDigits) {
  const int64_t wide[] = {1'230, 0, -1, -1, 0, 0};  // 128 bits each, little endian
  EXPECT_EQ(Values("d:20,2", 3, {nullptr, wide}).All(), "12.30 -0.01 0.00");
  EXPECT_EQ(Values("d:20,0", 3, {nullptr, wide}).All(), "1230 -1 0");
  EXPECT_EQ(Values("d:20,-2", 3, {nullptr, wide}).All(), "123000 -100 0");
  EXPECT_EQ(Values("d:20,5", 2, {nullptr, wide}).All(), "0.01230 -0.00001");
  // The least and the greatest numbers of 128 bits, which no decimal reaches.
  const uint64_t ends[] = {0, uint64_t{1} << 63, UINT64_MAX, UINT64_MAX >> 1};
  EXPECT_EQ(Values("d:38,0", 2, {nullptr, ends}).All(),
            "-170141183460469231731687303715884105728 170141183460469231731687303715884105727");
  const int32_t narrow[] = {-123'456'789, 1'000'000'000};
  EXPECT_EQ(Values("d:9,4,32", 2, {nullptr, narrow}).All(), "-12345.6789 100000.0000");
  const int64_t middle[] = {-9'007'199'254'740'993};
  EXPECT_EQ(Values("d:18,1,64", 1, {nullptr, middle}).All(), "-900719925474099.3");
  const uint64_t widest[] = {0, 0, 0, 1, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(Values("d:76,3,256", 2, {nullptr, widest}).All(),
            "6277101735386680763835789423207666416102355444464034512.896 -0.001");
}

TEST(ArrowJsonTest, HalfPrecision) {
  // 1, -2, the greatest, the least normal and subnormal ones, zero, infinity, not a number.
  const uint16_t halves[] = {0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0x7e00};
  EXPECT_EQ(Values("e", 5, {nullptr, halves}).All(), "1 -2 65504 6.1035156e-05 5.9604645e-08");
  Values rest("e", 3, {nullptr, halves});
  rest.array.offset = 5;
  EXPECT_EQ(rest.All(), "-0 null null");
}

// A map's child is a struct of keys and values.
struct MapValues {
  Values entries;
  Values map;

  MapValues(Values& keys, Values& values, std::vector<const void*> buffers)
      : entries("+s", keys.array.length, {nullptr}), map("+s", 2, std::move(buffers)) {
    entries.type.children = {keys.type, values.type};
    entries.type.children[0].name = "key";
    entries.type.children[1].name = "value";
    entries.AddChild(keys);
    entries.AddChild(values);
    map.type.kind = Kind::kMap;
    map.type.children = {entries.type};
    map.AddChild(entries);
  }
};

TEST(ArrowJsonTest, MapsAreObjectsWhereTheirKeysAreText) {
  const int32_t numbers[] = {7, 8, 9};
  const int32_t offsets[] = {0, 1, 3};
  const int32_t text_offsets[] = {0, 1, 3, 4};
  Values words("u", 3, {nullptr, text_offsets, "ab\"c"});
  Values values("i", 3, {nullptr, numbers});
  EXPECT_EQ(MapValues(words, values, {nullptr, offsets}).map.All(), R"({"a":7} {"b\"":8,"c":9})");
  EXPECT_EQ(MapValues(values, words, {nullptr, offsets}).map.All(),
            R"([[7,"a"]] [[8,"b\""],[9,"c"]])");
  const uint8_t no_first[] = {0b110};
  Values nulls("u", 3, {no_first, text_offsets, "ab\"c"});
  EXPECT_EQ(MapValues(nulls, values, {nullptr, offsets}).map.All(), R"({"":7} {"b\"":8,"c":9})");
  // Offsets of the arrays count at every level.
  Values later("u", 2, {nullptr, text_offsets, "ab\"c"});
  later.array.offset = 1;
  Values numbers_later("i", 2, {nullptr, numbers});
  const int32_t one[] = {0, 0, 1};
  MapValues shifted(later, numbers_later, {nullptr, one});
  shifted.entries.array.offset = 1;
  EXPECT_EQ(shifted.map.All(), R"({} {"c":8})");
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
