#include "prep/redact/folded_text.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(FoldedText, AsciiIsReadAsItStands) {
  const std::string text = "a@b.org 12";
  const FoldedText folded(text);
  EXPECT_EQ(folded.view().data(), text.data());
  EXPECT_EQ(folded.SourceBegin(3), 3u);
  EXPECT_EQ(folded.SourceEnd(3), 3u);
}

TEST(FoldedText, LookAlikesBecomeAscii) {
  EXPECT_EQ(FoldedText("ａ＠ｂ．ｏｒｇ").view(), "a@b.org");
  EXPECT_EQ(FoldedText("٤١١١ ४११ ４").view(), "4111 411 4");
  EXPECT_EQ(FoldedText("12\u00a034\u200934\u201156\u201078").view(), "12 34 34-56-78");
}

TEST(FoldedText, WhatNobodySeesIsNotThere) {
  EXPECT_EQ(FoldedText("4\u200b1\u00ad1\ufeff1").view(), "4111");
}

TEST(FoldedText, OtherCharactersKeepTheirPlace) {
  const FoldedText folded("ü→x");
  EXPECT_EQ(folded.view(), std::string("\x80\x81x"));
  EXPECT_TRUE(IsWordCharacter(folded.view()[0]));
  EXPECT_FALSE(IsWordCharacter(folded.view()[1]));
}

TEST(FoldedText, PositionsLeadBackToTheText) {
  const std::string text = "é\u200b１2";
  const FoldedText folded(text);
  ASSERT_EQ(folded.view(), std::string("\x80") + "12");
  EXPECT_EQ(text.substr(folded.SourceBegin(1), folded.SourceEnd(3) - folded.SourceBegin(1)), "１2");
  EXPECT_EQ(folded.SourceEnd(1), 2u) << "what is not there belongs to no character";
}

}  // namespace
}  // namespace rowmill
