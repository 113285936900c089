#include "text/token_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(TokenTable, FindsByKeyAndGivesBytes) {
  TokenTable table(4);
  table.Add("<a>", "");
  table.Add(" b",
            "\xE2\x96\x81"
            "b");
  table.Add("b", "b");
  table.Add("", "c");
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.BytesOf(0), "<a>");
  EXPECT_EQ(table.BytesOf(1), " b");
  EXPECT_EQ(table.BytesOf(3), "");
  EXPECT_EQ(table.Find("\xE2\x96\x81"
                       "b"),
            1);
  EXPECT_EQ(table.Find("b"), 2);
  EXPECT_EQ(table.Find("c"), 3);
  EXPECT_EQ(table.Find("<a>"), kNoToken);
  EXPECT_EQ(table.Find(" b"), kNoToken);
  EXPECT_EQ(table.Find(""), kNoToken);
  EXPECT_EQ(table.Find(std::string(1000, 'b')), kNoToken);
}

TEST(TokenTable, TheFirstOfEqualKeysIsFound) {
  TokenTable table(2);
  table.Add("x", "x");
  table.Add("y", "x");
  EXPECT_EQ(table.Find("x"), 0);
}

TEST(TokenTable, RefusesMoreTokensThanAnnounced) {
  TokenTable table(1);
  table.Add("x", "x");
  EXPECT_THROW(table.Add("y", "y"), InternalError);
}

TEST(TokenTable, EqualsAMap) {
  std::mt19937_64 random(7);
  std::map<std::string, int32_t> expected;
  TokenTable table(5000);
  const auto any = [&] {
    std::string text(1 + random() % 14, '\0');
    for (char& c : text) c = "ab\0"[random() % 3];
    return text;
  };
  for (int32_t id = 0; id < 5000; ++id) {
    const std::string key = any();
    table.Add(key + "!", key);
    expected.emplace(key, id);
  }
  for (int i = 0; i < 20000; ++i) {
    const std::string key = any();
    const auto at = expected.find(key);
    ASSERT_EQ(table.Find(key), at == expected.end() ? kNoToken : at->second);
  }
}

}  // namespace
}  // namespace rowmill
