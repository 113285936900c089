#include "report/run_json.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(RunJson, OnlyReportsOfRuns) {
  EXPECT_NO_THROW(ParseRunJson(R"({"rowmill": "1", "measures": {}})", "a.json"));
  for (const char* text : {"", "[]", "{}", "{\"rowmill\": 1, \"measures\": {}}",
                           "{\"rowmill\": \"1\", \"measures\": []}", "{\"rowmill\""}) {
    EXPECT_THROW(ParseRunJson(text, "a.json"), DataError) << text;
  }
}

TEST(RunJson, WhatIsMissingIsNothing) {
  const Json json = Json::parse(R"({"a": {"b": 3, "c": "x", "d": [1]}, "n": -1})");
  EXPECT_EQ(NumberAt(json, "a.b"), 3.0);
  EXPECT_EQ(NumberAt(json, "a.c"), std::nullopt);
  EXPECT_EQ(NumberAt(json, "a.b.c"), std::nullopt);
  EXPECT_EQ(CountAt(json, "a.b"), 3u);
  EXPECT_EQ(CountAt(json, "n"), 0u);
  EXPECT_EQ(TextAt(json, "a.c"), "x");
  EXPECT_EQ(TextAt(json, "a.b"), "3");
  EXPECT_EQ(TextAt(json, "a.d"), "");
  EXPECT_EQ(TextAt(json, "z"), "");
}

}  // namespace
}  // namespace rowmill
