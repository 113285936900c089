#include "metrics/word_errors.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

// The figures are those of jiwer 4.0 and of Whisper's BasicTextNormalizer.
TEST(WordErrorsTest, CountsAsJiwerDoes) {
  WordErrors as_is(WordErrors::TextForm::kAsIs), normalized(WordErrors::TextForm::kNormalized);
  for (WordErrors* errors : {&as_is, &normalized}) {
    errors->Add("and so, my fellow Americans", "And so my fellow Americans");
    errors->Add("a x c", "a b c d");
    errors->Add("one two", "one  two three");
  }
  EXPECT_EQ(as_is.words(), 12u);
  EXPECT_DOUBLE_EQ(as_is.Rate(), 0.4166666666666667);
  EXPECT_DOUBLE_EQ(normalized.Rate(), 0.25);
}

TEST(WordErrorsTest, NormalizesAsWhisperDoes) {
  EXPECT_EQ(NormalizeTranscript("And so, my FELLOW-Americans!"), "and so my fellow americans");
  EXPECT_EQ(NormalizeTranscript("Ångström [noise] (laughs) it’s 5°"), "ångström it s 5");
  EXPECT_EQ(NormalizeTranscript("() <a (b] c"), "c");
  EXPECT_EQ(NormalizeTranscript("() x) y"), "x y");
  EXPECT_EQ(NormalizeTranscript("Ⅷ ﬁne ½ x²"), "viii fine 1 2 x2");
  EXPECT_EQ(NormalizeTranscript("日本、語"), "日本 語");
  EXPECT_EQ(NormalizeTranscript(""), "");
}

TEST(WordErrorsTest, EveryWordOfAnAnswerCounts) {
  WordErrors errors(WordErrors::TextForm::kAsIs);
  EXPECT_EQ(errors.Rate(), 0.0);
  errors.Add("", "one two");
  EXPECT_EQ(errors.Rate(), 1.0);
  errors.Add("a b c d", "a");
  EXPECT_EQ(errors.errors(), 5u);
  errors.Add("two words too many", "");
  EXPECT_EQ(errors.errors(), 9u);
  EXPECT_EQ(errors.Rate(), 3.0);
}

}  // namespace
}  // namespace rowmill
