// Expected numbers and words are those of sacreBLEU 2.6.0 on the same lines.
#include "metrics/translation_scores.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rowmill {
namespace {

struct Line {
  const char* answer;
  const char* gold;
};

const std::vector<Line> kLines = {
    {"The ferry leaves at 7:30 from pier 4, if the wind allows.",
     "The ferry departs at 7:30 from pier 4 if the wind allows it."},
    {"Nobody expected the bridge to close before Monday.",
     "No one expected the bridge to be closed before Monday."},
    {"She bought 3,5 kg of apples for 12.40 euros - far too much!",
     "She bought 3,5 kg of apples for 12.40 euros, which was far too much!"},
    {"\"Where is it?\" he asked.", "\"Where is it?\", he asked."},
    {"A re-opened mill; well-known since 1984-1990.",
     "A reopened mill, well-known since 1984-1990."},
    {"caf\u00e9 na pra\u00e7a\u2026 \u00e0s 9h", "caf\u00e9 na pra\u00e7a... \u00e0s 9 h"},
    {"", "An answer was expected here."},
    {"one word", "two words"},
    {"&quot;Tom &amp; Ann&quot; are here.", "\"Tom & Ann\" are here."},
};

void Expect(const std::vector<Line>& lines, double bleu, double chrf) {
  TranslationScores scores;
  for (const Line& line : lines) scores.Add(line.answer, line.gold);
  EXPECT_NEAR(scores.Bleu(), bleu, 1e-9) << lines[0].answer;
  EXPECT_NEAR(scores.ChrF(), chrf, 1e-9) << lines[0].answer;
}

TEST(TranslationScores, OfADataSet) { Expect(kLines, 52.44463396494632, 67.92863134848169); }

TEST(TranslationScores, OfSingleLines) {
  Expect({kLines[0]}, 57.87331539911485, 70.56438934239434);
  Expect({kLines[7]}, 0.0, 27.259585550687298);
  Expect({kLines[1]}, 34.56543232731582, 72.32483816581065);
  Expect({{"a b", "a b"}}, 0.0, 100.0);
  Expect({{"cat", "dog"}}, 0.0, 0.0);
  Expect({{"", "x"}}, 0.0, 0.0);
  Expect({{"the the the the the", "the cat sat on the mat"}}, 10.400597689005304,
         15.592850764163455);
}

TEST(TranslationScores, TheOrderOfRowsDoesNotMatter) {
  std::vector<Line> lines = kLines;
  std::reverse(lines.begin(), lines.end());
  Expect(lines, 52.44463396494632, 67.92863134848169);
}

TEST(TokenizeFor13a, PartsWordsAsTheReferenceDoes) {
  const std::vector<Line> cases = {
      {"Hello, world.", "Hello , world ."},
      {"1,000.5 - 3-4", "1,000.5 - 3 - 4"},
      {"...", ". . ."},
      {"a,b 1,b a,1", "a , b 1 , b a , 1"},
      {"(x) [y] {z} a/b <skipped> c@d", "( x ) [ y ] { z } a / b c @ d"},
      {"end-\nline\nbreak", "endline break"},
      {"don't 'quote' #1 $2 50% ~", "don't 'quote' # 1 $ 2 50 % ~"},
      {"x\u00a0y,\u3000z.", "x y , z ."},
      {",,5,,", ", ,5 , ,"},
      {"9. \n", "9 ."},
      {"\u00e9,\u00e9 . 5-\u00e9", "\u00e9 , \u00e9 . 5 - \u00e9"},
      {"", ""},
  };
  for (const Line& line : cases) {
    std::string words;
    for (const std::string& word : TokenizeFor13a(line.answer)) {
      words += (words.empty() ? "" : " ") + word;
    }
    EXPECT_EQ(words, line.gold);
  }
}

TEST(TranslationScores, TakesAnyBytes) {
  TranslationScores scores;
  scores.Add("\xFF\xC3 \xE2\x82", std::string_view("a\0b", 3));
  EXPECT_GE(scores.ChrF(), 0.0);
  EXPECT_LE(scores.ChrF(), 100.0);
}

}  // namespace
}  // namespace rowmill
