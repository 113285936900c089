#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rowmill {
namespace {

using Pieces = std::vector<std::string>;

Pieces Split(SplitPattern pattern, std::string_view text) {
  const PieceSplitter splitter(pattern);
  Pieces pieces;
  while (!text.empty()) {
    const size_t size = splitter.FirstPiece(text);
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

TEST(PreTokenizer, Gpt2) {
  const auto split = [](std::string_view text) { return Split(SplitPattern::kGpt2, text); };
  EXPECT_EQ(split("Hello world's 123  times!!\n"),
            (Pieces{"Hello", " world", "'s", " 123", " ", " times", "!!", "\n"}));
  EXPECT_EQ(split("we'll'LL"), (Pieces{"we", "'ll", "'", "LL"}));
  EXPECT_EQ(split("  "), (Pieces{"  "}));
  EXPECT_EQ(split("a  \n b"), (Pieces{"a", "  \n", " b"}));
  EXPECT_EQ(split("a \nb"), (Pieces{"a", " ", "\n", "b"}));
  EXPECT_EQ(split("x\xC2\xA0y"), (Pieces{"x", "\xC2\xA0", "y"}));
  EXPECT_EQ(split("'"), (Pieces{"'"}));
}

TEST(PreTokenizer, SmolLmSetsDigitsApart) {
  const auto split = [](std::string_view text) { return Split(SplitPattern::kSmolLm, text); };
  EXPECT_EQ(split("in 2024!"), (Pieces{"in", " ", "2", "0", "2", "4", "!"}));
  // The fragment before the digit ends there, so the look-ahead lets the whole run go.
  EXPECT_EQ(split("a  1"), (Pieces{"a", "  ", "1"}));
  EXPECT_EQ(split("a  b"), (Pieces{"a", " ", " b"}));
  EXPECT_EQ(split("x\xC2\xB2\xC2\xBD"), (Pieces{"x", "\xC2\xB2", "\xC2\xBD"}));
}

TEST(PreTokenizer, Llama3) {
  const auto split = [](std::string_view text) { return Split(SplitPattern::kLlama3, text); };
  EXPECT_EQ(split("It'S 12345"), (Pieces{"It", "'S", " ", "123", "45"}));
  EXPECT_EQ(split("(a) b"), (Pieces{"(a", ")", " b"}));
  EXPECT_EQ(split("a \n\n  b"), (Pieces{"a", " \n\n", " ", " b"}));
  EXPECT_EQ(split("!\r\n\r\nx"), (Pieces{"!\r\n\r\n", "x"}));
  EXPECT_EQ(split("\tx"), (Pieces{"\tx"}));
  EXPECT_EQ(split("\nx"), (Pieces{"\n", "x"}));
  // U+017F is the long s; only ASCII is folded.
  EXPECT_EQ(split("i'\xC5\xBF"), (Pieces{"i", "'\xC5\xBF"}));
}

TEST(PreTokenizer, Qwen2SplitsEachDigit) {
  EXPECT_EQ(Split(SplitPattern::kQwen2, "It's 123"), (Pieces{"It", "'s", " ", "1", "2", "3"}));
}

TEST(PreTokenizer, NamesOfTheSameCut) {
  EXPECT_EQ(FindPreTokenizer("gpt-2")->pattern, SplitPattern::kGpt2);
  EXPECT_EQ(FindPreTokenizer("smollm")->pattern, SplitPattern::kSmolLm);
  EXPECT_EQ(FindPreTokenizer("qwen2")->pattern, SplitPattern::kQwen2);
  EXPECT_FALSE(FindPreTokenizer("qwen2")->ignore_merges);
  EXPECT_EQ(FindPreTokenizer("llama-bpe")->pattern, SplitPattern::kLlama3);
  EXPECT_TRUE(FindPreTokenizer("llama-bpe")->ignore_merges);
  EXPECT_TRUE(FindPreTokenizer("llama-bpe")->adds_bos_by_default);
  EXPECT_FALSE(FindPreTokenizer("dbrx")->ignore_merges);
}

TEST(PreTokenizer, UnknownNamesAreNotGuessed) {
  EXPECT_FALSE(FindPreTokenizer("default"));
  EXPECT_FALSE(FindPreTokenizer(""));
  EXPECT_FALSE(FindPreTokenizer("gpt2"));
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    EXPECT_NE(KnownPreTokenizers().find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace rowmill
