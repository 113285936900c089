#include "formats/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

JsonDocument Parse(const std::string& text) { return JsonDocument::Parse(text, "config.json"); }

template <typename Function>
std::string Failure(Function function) {
  try {
    function();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

std::string ParseFailure(const std::string& text, const JsonDocumentLimits& limits = {}) {
  return Failure([&] { JsonDocument::Parse(text, "config.json", limits); });
}

TEST(JsonDocumentTest, FindsMembersByPath) {
  const JsonDocument document = Parse(
      R"({"n":12,"x":1.5,"e":1e-6,"yes":true,"s":"text","none":null,
          "rope":{"type":"linear","factor":2},"list":["a","b"]})");
  EXPECT_THAT(document.FindInt("n"), Optional(12));
  EXPECT_THAT(document.FindFloat("n"), Optional(12.0));
  EXPECT_THAT(document.FindFloat("e"), Optional(1e-6));
  EXPECT_THAT(document.FindBool("yes"), Optional(true));
  EXPECT_THAT(document.FindString("s"), Optional(std::string_view("text")));
  EXPECT_THAT(document.FindString("rope.type"), Optional(std::string_view("linear")));
  EXPECT_THAT(document.FindInt("rope.factor"), Optional(2));
  EXPECT_THAT(document.FindStrings("list"), Optional(ElementsAre("a", "b")));
  for (const char* path : {"none", "missing", "rope.missing", "s.x", "none.x", "", "rope.", "."}) {
    EXPECT_EQ(document.FindInt(path), std::nullopt) << path;
  }
}

TEST(JsonDocumentTest, AnotherTypeIsAnErrorThatNamesIt) {
  const JsonDocument document =
      Parse(R"({"n":12,"x":1.5,"s":"text","big":18446744073709551615,"list":["a",1]})");
  EXPECT_THAT(Failure([&] { document.FindInt("x"); }),
              AllOf(HasSubstr("config.json"), HasSubstr("x is not an integer")));
  EXPECT_THAT(Failure([&] { document.FindInt("big"); }), HasSubstr("below 2^63"));
  EXPECT_THAT(Failure([&] { document.FindFloat("s"); }), HasSubstr("not a number"));
  EXPECT_THAT(Failure([&] { document.FindBool("n"); }), HasSubstr("neither true nor false"));
  EXPECT_THAT(Failure([&] { document.FindString("n"); }), HasSubstr("not a string"));
  EXPECT_THAT(Failure([&] { document.FindStrings("list"); }), HasSubstr("array of strings"));
  EXPECT_THAT(Failure([&] { document.FindStrings("n"); }), HasSubstr("array of strings"));
}

TEST(JsonDocumentTest, RefusesWhatIsNoJson) {
  EXPECT_THAT(ParseFailure(""), HasSubstr("not a JSON text"));
  EXPECT_THAT(ParseFailure("{\"a\":}"), HasSubstr("at byte 6"));
  EXPECT_THAT(ParseFailure("{} {}"), HasSubstr("not a JSON text"));
  EXPECT_THAT(ParseFailure("\"\xff\""), HasSubstr("not a JSON text"));
  EXPECT_THAT(ParseFailure("{\"a\":1e999}"), HasSubstr("not a JSON text"));
  EXPECT_THAT(ParseFailure(R"({"a":1,"a":2})"), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(ParseFailure(R"({"o":{"a":1,"b":{"a":1},"a":2}})"), HasSubstr("'a' occurs twice"));
}

TEST(JsonDocumentTest, StopsAtItsLimits) {
  const JsonDocumentLimits limits = {.max_bytes = 1000, .max_depth = 3, .max_values = 5};
  EXPECT_EQ(ParseFailure("[[[1]]]", limits), "");
  EXPECT_THAT(ParseFailure("[[[[1]]]]", limits), HasSubstr("nested deeper than 3"));
  EXPECT_EQ(ParseFailure("[1,2,3,4]", limits), "");
  EXPECT_THAT(ParseFailure("[1,2,3,4,5]", limits), HasSubstr("more than 5 values"));
  EXPECT_THAT(ParseFailure(std::string(1001, ' '), limits), HasSubstr("the limit is 1000"));
  EXPECT_THAT(ParseFailure(std::string(1'000'000, '[')), HasSubstr("nested deeper than 64"));
}

TEST(JsonDocumentTest, EveryCutIsAModelError) {
  const std::string text = R"({"a":[1,-2,3.5e1],"b":{"c":"\u00e9\n","d":null,"e":[true,false]}})";
  ASSERT_EQ(ParseFailure(text), "");
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE(ParseFailure(text.substr(0, length)), "") << length;
  }
}

}  // namespace
}  // namespace rowmill
