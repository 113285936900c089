#include "text/sentence_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace rowmill {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> SentencesOf(std::string_view text) {
  std::vector<std::string> sentences;
  for (const SplitLine& line : SplitSentences(text)) {
    for (const std::string_view sentence : line.sentences) sentences.emplace_back(sentence);
  }
  return sentences;
}

TEST(SentenceSplitter, CutsBehindEndMarks) {
  EXPECT_THAT(
      SentencesOf(
          "The ferry was late. Nobody minded! Why should they? It rained\xE2\x80\xA6 A lot."),
      ElementsAre("The ferry was late.", "Nobody minded!", "Why should they?",
                  "It rained\xE2\x80\xA6", "A lot."));
  EXPECT_THAT(SentencesOf("Chegou tarde. \xC3\x80s oito ningu\xC3\xA9m esperava."),
              ElementsAre("Chegou tarde.", "\xC3\x80s oito ningu\xC3\xA9m esperava."));
}

TEST(SentenceSplitter, KeepsClosingMarksWithTheirSentence) {
  EXPECT_THAT(
      SentencesOf("\"We are closed.\" He shut the door. (It was noon.) They left."),
      ElementsAre("\"We are closed.\"", "He shut the door.", "(It was noon.)", "They left."));
}

TEST(SentenceSplitter, DoesNotCutWhereNothingEnds) {
  for (const char* whole :
       {"Dr. Lima met Mrs. Okafor at 3.15 p.m. on platform 2.", "J. R. Teller wrote it.",
        "It costs 4.50 euros in the U.S. Virgin Islands.", "See fig. 3 and vol. 2 of the report.",
        "He asked \"why?\" and left.", "version 2.0 is out... and nobody knows.", "1. Open the lid",
        "www.example.org is down.", ""}) {
    EXPECT_LE(SentencesOf(whole).size(), 1u) << whole;
  }
}

TEST(SentenceSplitter, KnowsFullWidthMarks) {
  EXPECT_THAT(
      SentencesOf("\xE4\xBB\x8A\xE6\x97\xA5\xE3\x80\x82\xE6\x98\x8E\xE6\x97\xA5\xEF\xBC\x9F"),
      ElementsAre("\xE4\xBB\x8A\xE6\x97\xA5\xE3\x80\x82", "\xE6\x98\x8E\xE6\x97\xA5\xEF\xBC\x9F"));
}

TEST(SentenceSplitter, LinesStayLines) {
  const std::string text = "  One.  Two. \r\n\r\nThree\rFour\n";
  const std::vector<SplitLine> lines = SplitSentences(text);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].text, "One.  Two.");
  EXPECT_THAT(lines[0].sentences, ElementsAre("One.", "Two."));
  EXPECT_TRUE(lines[1].text.empty() && lines[1].sentences.empty());
  EXPECT_EQ(lines[2].text, "Three");
  EXPECT_EQ(lines[3].text, "Four");
  EXPECT_TRUE(lines[4].sentences.empty());
}

// Whatever is cut, nothing but white space is lost and nothing comes twice.
TEST(SentenceSplitter, LosesNothing) {
  const std::vector<std::string> parts = {
      "a",  "B", ".", "!", "?",  " ",        "\n",           "\r",
      "\"", "(", ")", "1", "Mr", "\xC3\xA9", "\xE3\x80\x82", "\xC2\xA0"};
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const size_t size = random() % 30;
    for (size_t i = 0; i < size; ++i) text += parts[random() % parts.size()];
    const auto without_space = [](const std::string& from) {
      std::string out;
      for (size_t i = 0; i < from.size(); ++i) {
        if (from[i] == ' ' || from[i] == '\n' || from[i] == '\r') continue;
        if (from.compare(i, 2, "\xC2\xA0") == 0) {
          ++i;
          continue;
        }
        out += from[i];
      }
      return out;
    };
    std::string joined;
    for (const std::string& sentence : SentencesOf(text)) joined += sentence;
    EXPECT_EQ(without_space(joined), without_space(text)) << text;
  }
}

}  // namespace
}  // namespace rowmill
