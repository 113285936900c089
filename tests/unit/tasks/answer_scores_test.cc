#include "tasks/answer_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::ReadRecord;

TEST(NormalizeAnswerTest, IsThatOfTheScriptOfSquad) {
  // Expected values are those of normalize_answer in evaluate-v1.1.py.
  EXPECT_EQ(NormalizeAnswer("The Panthers' defense!"), "panthers defense");
  EXPECT_EQ(NormalizeAnswer("an  apple, a day"), "apple day");
  EXPECT_EQ(NormalizeAnswer("U.S."), "us");
  EXPECT_EQ(NormalizeAnswer("a.b the-end theory"), "ab theend theory");
  EXPECT_EQ(NormalizeAnswer("the\u2014end"), "\u2014end");
  EXPECT_EQ(NormalizeAnswer("\u00C9COLE \u00A0 the"), "\u00E9cole");
  EXPECT_EQ(NormalizeAnswer("$5_000"), "5000");
  EXPECT_EQ(NormalizeAnswer("A the an"), "");
  EXPECT_EQ(NormalizeAnswer(""), "");
}

AnswerScore Score(const std::string& answer, const std::vector<std::string>& gold) {
  return ScoreAnswer(answer, gold);
}

TEST(ScoreAnswerTest, TakesTheRightAnswerThatAgreesBest) {
  EXPECT_EQ(Score("the 308 points", {"308"}).exact_match, 0.0);
  EXPECT_DOUBLE_EQ(Score("the 308 points", {"308"}).f1, 2.0 / 3.0);
  EXPECT_EQ(Score("The 308", {"309", "308."}).exact_match, 1.0);
  EXPECT_EQ(Score("The 308", {"309", "308."}).f1, 1.0);
  EXPECT_EQ(Score("north", {"south"}).f1, 0.0);
  // Words count as often as they occur.
  EXPECT_DOUBLE_EQ(Score("b b b", {"b b c"}).f1, 2.0 / 3.0);
  EXPECT_EQ(Score("x", {}).f1, 0.0);
  EXPECT_EQ(Score("", {"the"}).exact_match, 1.0);
  EXPECT_EQ(Score("", {"the"}).f1, 0.0);
}

TEST(GoldAnswersTest, AreAListOrTheTextItself) {
  const auto of = [](const std::string& json) {
    return GoldAnswers(ReadRecord("{\"gold\": " + json + "}").Field("gold").value());
  };
  EXPECT_THAT(of(R"(["a", "b"])"), ElementsAre("a", "b"));
  EXPECT_THAT(of(R"("a, b")"), ElementsAre("a, b"));
  EXPECT_THAT(of(R"("[\"a\", \"b\"]")"), ElementsAre("a", "b"));  // as in a CSV
  EXPECT_THAT(of(R"("[sic]")"), ElementsAre("[sic]"));
  EXPECT_THAT(of("3.5"), ElementsAre("3.5"));
  EXPECT_THAT(of("null"), IsEmpty());
}

TEST(AnswerMeasureTest, IsTheMeanOverRowsWithAGold) {
  AnswerMeasure measure("gold");
  EXPECT_THAT(measure.Values(), IsEmpty());
  const std::vector<Cell> right = {std::string("The end.")};
  const std::vector<Cell> none = {std::monostate()};
  measure.Add(ReadRecord(R"({"gold": "end"})"), right);
  measure.Add(ReadRecord(R"({"gold": "bitter end"})"), right);
  measure.Add(ReadRecord(R"({"gold": "end"})"), none);
  measure.Add(ReadRecord(R"({"gold": null})"), right);
  measure.Add(ReadRecord(R"({"other": "end"})"), right);
  EXPECT_EQ(measure.num_rows(), 3u);
  EXPECT_THAT(measure.Values(),
              ElementsAre(Pair("exact_match", 1.0 / 3.0), Pair("f1", (1.0 + 2.0 / 3.0) / 3.0)));
}

}  // namespace
}  // namespace rowmill
