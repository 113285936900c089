#include "data/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "data/utf8.h"

namespace rowmill {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string Unescaped(std::string_view text) {
  std::string out;
  AppendJsonUnescaped(text, out);
  return out;
}

std::string Number(double value) {
  std::string out;
  AppendJsonNumber(value, out);
  return out;
}

TEST(JsonTextTest, EscapesWhatMustBe) {
  EXPECT_EQ(Escaped("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f"),
            "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
  EXPECT_EQ(Escaped("\xc3\xa9\xe2\x80\xa8"), "\"\xc3\xa9\xe2\x80\xa8\"");
  EXPECT_EQ(Escaped(""), "\"\"");
  EXPECT_EQ(Escaped("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(Escaped(std::string_view("\0", 1)), "\"\xef\xbf\xbd\"");
}

TEST(JsonTextTest, DecodesEscapes) {
  EXPECT_EQ(Unescaped("plain"), "plain");
  EXPECT_EQ(Unescaped("\\\"\\\\\\/\\b\\f\\n\\r\\t"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Unescaped("\\u00e9\\u20AC\\ud83d\\ude00!"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
  const std::string r(kReplacementText);
  EXPECT_EQ(Unescaped("\\ud800x\\udc00\\u0000"), r + "x" + r + r);
  EXPECT_EQ(Unescaped("\\ud800\\ud83d\\ude00"), r + "\xf0\x9f\x98\x80");
  EXPECT_EQ(Unescaped("\\ud800\\n"), r + "\n");
}

TEST(JsonTextTest, StringsComeBackAndOthersReadThem) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t i = random() % 20; i > 0; --i) {
      const auto below = [&](uint32_t end) { return static_cast<char32_t>(random() % end); };
      const char32_t kinds[] = {below(0x20) + 1, U'"', U'\\', below(0x300) + 1,
                                below(50) + 0x1F600};
      AppendCharacter(kinds[random() % 5], text);
    }
    const std::string json = Escaped(text);
    ASSERT_EQ(nlohmann::json::parse(json).get<std::string>(), text) << round;
    ASSERT_EQ(Unescaped(std::string_view(json).substr(1, json.size() - 2)), text) << round;
    const std::string ascii = nlohmann::json(text).dump(-1, ' ', true);
    ASSERT_EQ(Unescaped(std::string_view(ascii).substr(1, ascii.size() - 2)), text) << round;
  }
}

TEST(JsonTextTest, NumbersAreShortAndReadBackEqual) {
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(1), "1");
  EXPECT_EQ(Number(-0.0), "-0");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(5e-324), "5e-324");
  EXPECT_EQ(Number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(Number(std::nan("")), "null");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "null");
  std::string single;
  AppendJsonNumber(0.1f, single);
  EXPECT_EQ(single, "0.1");
  std::mt19937_64 random(11);
  for (int round = 0; round < 20'000; ++round) {
    double value = 0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    const std::string text = Number(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    ASSERT_TRUE(nlohmann::json::accept(text)) << text;
  }
}

}  // namespace
}  // namespace rowmill
