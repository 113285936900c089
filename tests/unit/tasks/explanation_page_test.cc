#include "tasks/explanation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Explanation OfWords(const std::string& text, const std::vector<double>& contributions) {
  Explanation explanation;
  explanation.values = {text};
  const std::vector<WordSpan> words = FindWords(text);
  for (size_t i = 0; i < words.size(); ++i) {
    explanation.parts.push_back({0, words[i], contributions.at(i)});
  }
  return explanation;
}

std::string Row(const ExplainedRow& row, const Explanation& explanation) {
  std::string html;
  AppendPageRow(row, explanation, html);
  return html;
}

TEST(ExplanationPageTest, ColoursWordsByWhatTheyContribute) {
  const std::string html =
      Row({.row = 7, .label = "good", .probability = 0.75}, OfWords("so  fine", {-0.5, 2.0}));
  EXPECT_THAT(html, HasSubstr("row 7 <b>good</b> 0.750"));
  EXPECT_THAT(html,
              HasSubstr("<p><span class=a style=\"--w:0.150\" title=\"-0.500\">so</span>  "
                        "<span class=f style=\"--w:0.600\" title=\"+2.000\">fine</span></p>"));
}

TEST(ExplanationPageTest, WhatComesFromRowsIsText) {
  const std::string bad = "<script>\"&'";
  const std::string html = Row({.row = 0, .label = bad, .probability = 1}, OfWords(bad, {1.0}));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;&quot;&amp;"));
  std::string title;
  AppendPageBegin(bad, title);
  EXPECT_THAT(title, Not(HasSubstr("<script>")));
}

TEST(ExplanationPageTest, RowsWithoutAnAnswerSayWhy) {
  EXPECT_THAT(Row({.row = 3, .error = "column 'a' is empty"}, {}),
              HasSubstr("row 3 <b>no answer</b> column &#39;a&#39; is empty"));
}

TEST(ExplanationPageTest, NumbersThatAreNoneHaveNoColour) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string html =
      Row({.row = 0, .label = "a", .probability = 1}, OfWords("x y", {infinity, 0.0}));
  EXPECT_THAT(html, HasSubstr("<p>x <span class=f style=\"--w:0.000\""));
}

TEST(ExplanationPageTest, SaysHowManyRowsAreLeftOut) {
  std::string all;
  AppendPageEnd(5, 5, all);
  EXPECT_THAT(all, Not(HasSubstr("rows")));
  std::string some;
  AppendPageEnd(5, 9, some);
  EXPECT_THAT(some, HasSubstr("The first 5 of 9 rows."));
}

}  // namespace
}  // namespace rowmill
