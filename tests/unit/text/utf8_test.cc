#include "text/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

const std::string kReplaced = "\xEF\xBF\xBD";

std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Utf8, EveryScalarValueSurvives) {
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(code_point, text);
    const DecodedChar decoded = DecodeUtf8(text);
    ASSERT_EQ(decoded.code_point, code_point);
    ASSERT_EQ(decoded.num_bytes, text.size());
    ASSERT_EQ(decoded.status, Utf8Status::kValid);
    ASSERT_EQ(ValidUtf8Prefix(text), text.size());
  }
}

// The examples of The Unicode Standard, tables 3-8 to 3-11, and of the goldens.
TEST(Utf8, OneReplacementPerMaximalSubpart) {
  const auto replaced = [](const std::string& bytes) { return MakeValidUtf8(bytes).text; };
  EXPECT_EQ(replaced("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), Repeat(kReplaced, 8) + "A");
  EXPECT_EQ(replaced("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), Repeat(kReplaced, 8) + "A");
  EXPECT_EQ(replaced("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            Repeat(kReplaced, 5) + "A" + Repeat(kReplaced, 2) + "B");
  EXPECT_EQ(replaced("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), Repeat(kReplaced, 4) + "A");
  EXPECT_EQ(replaced("hello\xC3"), "hello" + kReplaced);
  EXPECT_EQ(replaced("\xE2\x80"), kReplaced);
  EXPECT_EQ(replaced(""), "");
  EXPECT_EQ(replaced(std::string("\0", 1)), std::string("\0", 1));
}

TEST(Utf8, CountsReplacements) {
  const ValidUtf8 result = MakeValidUtf8("a\xFF\xFE b\xE2\x82");
  EXPECT_EQ(result.num_replacements, 3u);
  EXPECT_EQ(MakeValidUtf8("caf\xC3\xA9").num_replacements, 0u);
}

// A second implementation, from table 3-7 row by row.
std::string RepairByTable(const std::string& bytes) {
  struct Row {
    int first_min, first_max, second_min, second_max, size;
  };
  static constexpr Row kRows[] = {
      {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
      {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
      {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(bytes[k]); };
    size_t good = 0;
    size_t size = 1;
    for (const Row& row : kRows) {
      if (byte(i) < row.first_min || byte(i) > row.first_max) continue;
      size = row.size;
      for (good = 1; good < size && i + good < bytes.size(); ++good) {
        const int min = good == 1 ? row.second_min : 0x80;
        const int max = good == 1 ? row.second_max : 0xBF;
        if (byte(i + good) < min || byte(i + good) > max) break;
      }
    }
    if (good == size) {
      out += bytes.substr(i, size);
    } else {
      out += kReplaced;
    }
    i += std::max<size_t>(good, 1);
  }
  return out;
}

TEST(Utf8, EqualsTheTableOnRandomBytes) {
  std::mt19937_64 random(20240601);
  for (int i = 0; i < 50000; ++i) {
    const std::string bytes = testing::RandomBytes(random, 40);
    const ValidUtf8 result = MakeValidUtf8(bytes);
    ASSERT_EQ(result.text, RepairByTable(bytes)) << "round " << i << " of seed 20240601";
    ASSERT_EQ(ValidUtf8Prefix(result.text), result.text.size());
    ASSERT_EQ(result.num_replacements == 0, ValidUtf8Prefix(bytes) == bytes.size());
  }
}

TEST(Utf8, AllPairsOfBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      ASSERT_EQ(MakeValidUtf8(bytes).text, RepairByTable(bytes)) << first << " " << second;
    }
  }
}

TEST(Utf8Assembler, HoldsBackOnlyWhatCanBeCompleted) {
  Utf8Assembler assembler;
  std::string out;
  assembler.Append("a\xF0\x9F", out);
  EXPECT_EQ(out, "a");
  EXPECT_EQ(assembler.num_held_back(), 2u);
  assembler.Append("\x98", out);
  EXPECT_EQ(out, "a");
  assembler.Append("\x80!", out);
  EXPECT_EQ(out, "a\xF0\x9F\x98\x80!");
  EXPECT_EQ(assembler.num_held_back(), 0u);
  assembler.Append("\xE2\x82", out);
  assembler.Append("x", out);  // does not continue it
  EXPECT_EQ(out, "a\xF0\x9F\x98\x80!" + kReplaced + "x");
  assembler.Append("\xC3", out);
  assembler.Finish(out);
  EXPECT_EQ(out, "a\xF0\x9F\x98\x80!" + kReplaced + "x" + kReplaced);
  assembler.Finish(out);
  EXPECT_EQ(out, "a\xF0\x9F\x98\x80!" + kReplaced + "x" + kReplaced);
}

TEST(Utf8Assembler, PartsGiveWhatTheWholeGives) {
  std::mt19937_64 random(20240602);
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = testing::RandomBytes(random, 30);
    Utf8Assembler assembler;
    std::string out;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = random() % 4;  // also empty parts
      assembler.Append(std::string_view(bytes).substr(at, size), out);
      ASSERT_EQ(ValidUtf8Prefix(out), out.size());
      ASSERT_LE(assembler.num_held_back(), 3u);
      at += size;
    }
    assembler.Finish(out);
    ASSERT_EQ(out, MakeValidUtf8(bytes).text) << "round " << i << " of seed 20240602";
  }
}

}  // namespace
}  // namespace rowmill
