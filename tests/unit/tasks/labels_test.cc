#include "tasks/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/tasks/tiny_tokenizers.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;

std::string UsageMessage(const std::function<void()>& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::vector<Label> Labels(const std::vector<std::string>& texts) {
  std::vector<Label> labels;
  for (const std::string& text : texts) labels.push_back({text, text});
  return labels;
}

TEST(ParseLabelList, CutsAtCommasAndDropsWhiteSpace) {
  EXPECT_EQ(ParseLabelList("billing, bug ,other"), Labels({"billing", "bug", "other"}));
  EXPECT_EQ(ParseLabelList("very good,not so good"), Labels({"very good", "not so good"}));
  EXPECT_EQ(ParseLabelList("\xC3\xA9t\xC3\xA9"), Labels({"\xC3\xA9t\xC3\xA9"}));
}

TEST(ParseLabelList, RefusesEmptyNames) {
  for (const char* list : {"", " ", ",", "a,,b", "a,", ",a", "a, ,b"}) {
    EXPECT_THROW(ParseLabelList(list), UsageError) << list;
  }
  EXPECT_THAT(UsageMessage([] { ParseLabelList("a,,b"); }), HasSubstr("label 2 is empty"));
}

TEST(ParseLabelFile, KeepsLinesAsTheyAre) {
  const std::vector<Label> labels =
      ParseLabelFile("\xEF\xBB\xBF good\r\nfairly good, mostly\n\n", "f");
  EXPECT_EQ(labels, (std::vector<Label>{{"good", " good"},
                                        {"fairly good, mostly", "fairly good, mostly"}}));
  EXPECT_TRUE(ParseLabelFile("", "f").empty());
  EXPECT_TRUE(ParseLabelFile("\n\r\n", "f").empty());
  EXPECT_EQ(ParseLabelFile("a", "f").size(), 1u);
}

TEST(ParseLabelFile, NamesTheEmptyLine) {
  EXPECT_THAT(UsageMessage([] { ParseLabelFile("a\n \nb", "labels.txt"); }),
              HasSubstr("labels.txt: line 2 is empty"));
}

TEST(ValidateLabels, RefusesSetsThatCannotBeChosenFrom) {
  EXPECT_THAT(UsageMessage([] { ValidateLabels({}); }), HasSubstr("no labels"));
  EXPECT_THAT(UsageMessage([] { ValidateLabels(Labels({"a"})); }), HasSubstr("only one label"));
  EXPECT_THAT(UsageMessage([] { ValidateLabels(Labels({"a", ""})); }),
              HasSubstr("label 2 of 2 is empty"));
  EXPECT_THAT(UsageMessage([] { ValidateLabels(Labels({"a", "b", "a"})); }),
              HasSubstr("given twice"));
  EXPECT_THAT(UsageMessage([] { ValidateLabels(Labels({"a", "\xFF"})); }), HasSubstr("UTF-8"));
  // The same name with and without a space would be one label in the output.
  EXPECT_THAT(UsageMessage([] { ValidateLabels(ParseLabelFile("good\n good\n", "f")); }),
              HasSubstr("given twice"));
  EXPECT_NO_THROW(ValidateLabels(Labels({"a", "b"})));
}

TEST(TokenizeLabels, PutsASpaceWhereTheSeamWantsOne) {
  const auto tokenizer = testing::ByteVocabulary().Make();
  const std::vector<Label> labels = {{"a", "a"}, {"b", " b"}, {"c", "\tc"}};
  const LabelTokens as_is = TokenizeLabels(labels, *tokenizer, {});
  EXPECT_EQ(as_is.tokens, (std::vector<std::vector<int32_t>>{{'a'}, {' ', 'b'}, {'\t', 'c'}}));
  EXPECT_FALSE(as_is.end_scored);
  LabelTokenOptions options;
  options.seam = LabelSeam::kSpace;
  EXPECT_EQ(TokenizeLabels(labels, *tokenizer, options).tokens,
            (std::vector<std::vector<int32_t>>{{' ', 'a'}, {' ', 'b'}, {'\t', 'c'}}));
}

TEST(TokenizeLabels, ScoresTheEndWhereALabelBeginsAnother) {
  const auto tokenizer = testing::ByteVocabulary().Make();
  LabelTokenOptions options;
  options.end_tokens = {'\n'};
  const std::vector<Label> nested = Labels({"ab", "a"});
  const std::vector<Label> apart = Labels({"ab", "b"});
  const std::vector<std::vector<int32_t>> nested_ended = {{'a', 'b', '\n'}, {'a', '\n'}};
  EXPECT_EQ(TokenizeLabels(nested, *tokenizer, options).tokens, nested_ended);
  EXPECT_TRUE(TokenizeLabels(nested, *tokenizer, options).end_scored);
  EXPECT_FALSE(TokenizeLabels(apart, *tokenizer, options).end_scored);
  options.end = LabelEnd::kNone;
  EXPECT_FALSE(TokenizeLabels(nested, *tokenizer, options).end_scored);
  EXPECT_EQ(TokenizeLabels(nested, *tokenizer, options).tokens,
            (std::vector<std::vector<int32_t>>{{'a', 'b'}, {'a'}}));
  options.end = LabelEnd::kAlways;
  EXPECT_EQ(TokenizeLabels(apart, *tokenizer, options).tokens,
            (std::vector<std::vector<int32_t>>{{'a', 'b', '\n'}, {'b', '\n'}}));
  options.end_tokens = {};
  EXPECT_THAT(UsageMessage([&] { TokenizeLabels(apart, *tokenizer, options); }),
              HasSubstr("--label-end none"));
  options.end = LabelEnd::kAuto;
  EXPECT_NO_THROW(TokenizeLabels(apart, *tokenizer, options));
  EXPECT_THAT(UsageMessage([&] { TokenizeLabels(nested, *tokenizer, options); }),
              HasSubstr("beginning of another"));
}

TEST(TokenizeLabels, RefusesLabelsThatAreTheSameToTheModel) {
  const auto tokenizer = testing::ByteVocabulary().Make();
  LabelTokenOptions options;
  options.seam = LabelSeam::kSpace;
  // Different names, one text.
  const std::vector<Label> labels = {{"a", "x"}, {"b", " x"}};
  EXPECT_THAT(UsageMessage([&] { TokenizeLabels(labels, *tokenizer, options); }),
              HasSubstr("cannot tell them apart"));
}

TEST(TokenizeLabels, SpecialTokensInALabelAreText) {
  const auto tokenizer = testing::ChatByteVocabulary().Make();
  const LabelTokens tokens = TokenizeLabels(Labels({"<|im_end|>", "b"}), *tokenizer, {});
  EXPECT_EQ(tokens.tokens[0].size(), 10u);
}

TEST(EncodeContinuation, LeavesTheAddedSpaceOut) {
  const auto tokenizer = testing::TinySentencePiece({"go", "goo", "good", "\xE2\x96\x81good"});
  const auto id = [&](const std::string& text) {
    const auto& texts = tokenizer->vocabulary().texts;
    return static_cast<int32_t>(std::find(texts.begin(), texts.end(), text) - texts.begin());
  };
  // Alone the text gets a space; as a continuation only where it has one itself.
  EXPECT_EQ(tokenizer->Encode("good", SpecialTokens::kPlainText),
            std::vector<int32_t>{id("\xE2\x96\x81good")});
  EXPECT_EQ(EncodeContinuation(*tokenizer, "good"), std::vector<int32_t>{id("good")});
  EXPECT_EQ(EncodeContinuation(*tokenizer, " good"), std::vector<int32_t>{id("\xE2\x96\x81good")});
}

}  // namespace
}  // namespace rowmill
