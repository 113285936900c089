#include "data/json_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "data/utf8.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;

Record Scan(std::string_view line, const JsonLimits& limits = {}) {
  Record record;
  record.Clear(Format::kJsonl);
  record.raw = line;
  ScanJsonObject(record, limits);
  return record;
}

std::string Text(const Record& record, std::string_view name) {
  const std::optional<FieldValue> value = record.Field(name);
  return value.has_value() ? value->text : "(none)";
}

TEST(JsonScannerTest, FindsMembersAndTheirKinds) {
  const Record record = Scan(
      R"( { "s" : "a\"b" , "n":-1.50e+3,"t":true,"f" :false,"z":null,"a":[1,{"s":2}],"o":{"s":[]} } )");
  EXPECT_EQ(record.problem, "");
  ASSERT_TRUE(record.is_object);
  ASSERT_EQ(record.num_fields(), 7u);
  EXPECT_EQ(Text(record, "s"), "a\"b");
  EXPECT_EQ(Text(record, "n"), "-1.50e+3");
  EXPECT_EQ(Text(record, "t"), "true");
  EXPECT_EQ(Text(record, "f"), "false");
  EXPECT_EQ(Text(record, "z"), "");
  EXPECT_EQ(Text(record, "a"), "[1,{\"s\":2}]");
  EXPECT_EQ(Text(record, "o"), "{\"s\":[]}");
  EXPECT_EQ(record.FieldAt(0).kind, FieldKind::kString);
  EXPECT_EQ(record.FieldAt(1).kind, FieldKind::kNumber);
  EXPECT_EQ(record.FieldAt(2).kind, FieldKind::kBool);
  EXPECT_EQ(record.FieldAt(4).kind, FieldKind::kNull);
  EXPECT_EQ(record.FieldAt(5).kind, FieldKind::kArray);
  EXPECT_EQ(record.FieldAt(6).kind, FieldKind::kObject);
}

TEST(JsonScannerTest, KnowsWhereKeysCanBeAppended) {
  for (const std::string line :
       {R"({})", R"( { } )", R"({"a":1})", R"({"a":[] })", R"({"a":{}})"}) {
    const Record record = Scan(line);
    ASSERT_TRUE(record.is_object) << line;
    const std::string added = record.fields.empty() ? "\"x\":0" : ",\"x\":0";
    const std::string longer =
        record.raw.substr(record.object_begin, record.members_end - record.object_begin) + added +
        record.raw.substr(record.members_end, record.object_end - record.members_end);
    nlohmann::json expected = nlohmann::json::parse(line);
    expected["x"] = 0;
    EXPECT_EQ(nlohmann::json::parse(longer), expected) << longer;
  }
}

TEST(JsonScannerTest, EscapedNamesAreFound) {
  const Record record = Scan(R"({"t\u0065xt":"x","a\/b":1})");
  EXPECT_EQ(Text(record, "text"), "x");
  EXPECT_EQ(Text(record, "a/b"), "1");
  EXPECT_EQ(record.FieldName(0), "text");
}

TEST(JsonScannerTest, EscapesWithoutACharacterAreRewritten) {
  const Record record =
      Scan(R"({"a":"\ud800","b":"\uDC00\ud83d\ude00","c":"\u0000","\uD83D":"\ud800\ud800"})");
  EXPECT_EQ(record.problem, "");
  EXPECT_TRUE(record.repaired);
  EXPECT_EQ(record.raw,
            R"({"a":"\ufffd","b":"\ufffd\ud83d\ude00","c":"\ufffd","\ufffd":"\ufffd\ufffd"})");
  EXPECT_TRUE(record.FieldAt(0).repaired);
  EXPECT_FALSE(Scan(R"({"a":"\ud83d\ude00"})").repaired);
}

TEST(JsonScannerTest, SaysWhatIsWrong) {
  EXPECT_EQ(Scan("[1]").problem, "the line is an array, not a JSON object");
  EXPECT_EQ(Scan(" \"a\"").problem, "the line is a string, not a JSON object");
  EXPECT_EQ(Scan("nope").problem, "the line is not a JSON object");
  EXPECT_EQ(Scan("{\"a\":1} {\"a\":2}").problem,
            "not valid JSON at byte 8 of the line: something follows the object");
  EXPECT_EQ(Scan("{\"a\":NaN}").problem, "not valid JSON at byte 5 of the line: expected a value");
  EXPECT_EQ(Scan("{\"a\":1,\"a\":2}").problem, "a name stands twice in the object");
  EXPECT_EQ(Scan("{\"a\":1,\"\\u0061\":2}").problem, "a name stands twice in the object");
  EXPECT_EQ(Scan("{\"a\":1e999}").problem, "a number is beyond the range of a double");
  EXPECT_EQ(Scan("{\"a\":18446744073709551616}").problem, "an integer is beyond 64 bits");
  EXPECT_THAT(Scan("{\"a\":\"tab\there\"}").problem, HasSubstr("control character"));
}

TEST(JsonScannerTest, WhatIsJsonAllTheSameCanBePassedOn) {
  EXPECT_TRUE(Scan("{\"a\":1,\"a\":2}").is_object);
  EXPECT_TRUE(Scan("{\"a\":[1e999]}").is_object);
  EXPECT_FALSE(Scan("{\"a\":NaN}").is_object);
  EXPECT_TRUE(Scan("{\"a\":NaN}").fields.empty());
}

TEST(JsonScannerTest, DepthEndsAtTheLimit) {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(Scan(nested(63)).problem, "");
  EXPECT_EQ(Scan(nested(64)).problem, "");
  EXPECT_EQ(Scan(nested(65)).problem, "nested deeper than 64 levels");
  EXPECT_EQ(Scan(nested(100'000)).problem, "nested deeper than 64 levels");
  JsonLimits limits;
  limits.max_depth = 2;
  EXPECT_EQ(Scan(nested(2), limits).problem, "");
  EXPECT_EQ(Scan(nested(3), limits).problem, "nested deeper than 2 levels");
  std::string objects;
  for (int i = 0; i < 64; ++i) objects += "{\"a\":";
  EXPECT_EQ(Scan(objects + "1" + std::string(64, '}')).problem, "");
}

TEST(JsonScannerTest, NamesEndAtTheLimit) {
  const auto object = [](size_t count) {
    std::string line = "{";
    for (size_t i = 0; i < count; ++i) line += "\"" + std::to_string(i) + "\":0,";
    line.back() = '}';
    return line;
  };
  EXPECT_EQ(Scan(object(16'384)).problem, "");
  EXPECT_EQ(Scan(object(16'385)).problem, "more than 16384 names");
  // A repeated name far behind, in an object with many.
  EXPECT_EQ(Scan(object(100).substr(0, object(100).size() - 1) + ",\"7\":1}").problem,
            "a name stands twice in the object");
}

// A line cut anywhere is never an object, and never read beyond its end (the sanitizers watch).
TEST(JsonScannerTest, CutAtEveryByte) {
  const std::string line =
      R"({"key":"v\u00e9\n\ud83d\ude00","n":-12.5e-3,"l":[true,false,null,{"x":[]}],"e":{}})";
  ASSERT_EQ(Scan(line).problem, "");
  for (size_t size = 0; size < line.size(); ++size) {
    const Record record = Scan(std::string_view(line).substr(0, size));
    EXPECT_FALSE(record.is_object) << size;
    EXPECT_NE(record.problem, "") << size;
  }
}

// Random texts over JSON's alphabet: exactly those that another parser takes for an object are
// ours.
TEST(JsonScannerTest, AgreesWithAnotherParser) {
  const std::vector<std::string> pieces = {
      "{",     "}", "[",       "]",  ",",    ":",        "\"a\"", "\"",    "\\",
      "u00e9", "1", "-",       "0",  ".5",   "e3",       "true",  "false", "null",
      "\"b\"", " ", "\"c\":1", "\t", "\x01", "\xc3\xa9", "E-",    "{}",    "\"d\":{\"a\":[]}"};
  std::mt19937 random(42);
  size_t objects = 0;
  for (int round = 0; round < 300'000; ++round) {
    std::string text = "{";
    for (size_t i = random() % 9; i > 0; --i) text += pieces[random() % pieces.size()];
    if (random() % 4 != 0) text += "}";
    const bool expected = nlohmann::json::accept(text);
    const Record record = Scan(text);
    ASSERT_EQ(record.is_object, expected) << text;
    objects += expected;
    if (!record.problem.empty()) continue;
    const nlohmann::json json = nlohmann::json::parse(text);
    ASSERT_EQ(json.size(), record.num_fields()) << text;
    for (size_t i = 0; i < record.num_fields(); ++i) {
      ASSERT_EQ(json.at(record.FieldName(i)),
                nlohmann::json::parse(std::string(record.RawField(i))))
          << text;
    }
  }
  EXPECT_GT(objects, 1000u);
}

}  // namespace
}  // namespace rowmill
