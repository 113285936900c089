#include "text/byte_level_tokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

using Ids = std::vector<int32_t>;

Ids Encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.Encode(text, SpecialTokens::kPlainText);
}

TEST(ByteLevelTokenizer, MergesByRankNotByLength) {
  Vocabulary vocabulary = testing::ByteVocabulary("gpt-2");
  const int32_t bc = testing::AddMerge(vocabulary, 'b', 'c');
  const int32_t ab = testing::AddMerge(vocabulary, 'a', 'b');
  const int32_t abc = testing::AddMerge(vocabulary, ab, 'c');
  const auto tokenizer = Tokenizer::Make(vocabulary);
  EXPECT_EQ(Encode(*tokenizer, "abc"), (Ids{'a', bc}));  // abc is a token, but out of reach
  EXPECT_EQ(Encode(*tokenizer, "abab c"), (Ids{ab, ab, ' ', 'c'}));

  vocabulary.pre = "llama-bpe";  // emits whole tokens without looking at the merges
  EXPECT_EQ(Encode(*Tokenizer::Make(vocabulary), "abc"), Ids{abc});
  EXPECT_EQ(Encode(*Tokenizer::Make(vocabulary), "abcc"), (Ids{'a', bc, 'c'}));
}

TEST(ByteLevelTokenizer, RefusesUnknownPreTokenisersByName) {
  for (const char* name : {"default", "", "tekken", "gpt-2 "}) {
    try {
      Tokenizer::Make(testing::ByteVocabulary(name));
      FAIL() << name;
    } catch (const ModelError& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find("'" + std::string(name) + "'"), std::string::npos) << what;
      EXPECT_NE(what.find("smollm"), std::string::npos) << what;
    }
  }
}

TEST(ByteLevelTokenizer, BytesWithoutATokenAreLeftOutAndCounted) {
  Vocabulary vocabulary = testing::ByteVocabulary("gpt-2");
  vocabulary.types[4] = TokenType::kControl;  // the byte 0x04 can no longer be written
  const auto tokenizer = Tokenizer::Make(vocabulary);
  TokenizerScratch scratch;
  Ids ids;
  for (int pass = 0; pass < 2; ++pass) {
    ids.clear();
    tokenizer->Encode("a\x04\x04z", SpecialTokens::kPlainText, scratch, ids);
    EXPECT_EQ(ids, (Ids{'a', 'z'}));
    EXPECT_EQ(scratch.counters().num_dropped_bytes, 2u * (pass + 1));
  }
}

TEST(ByteLevelTokenizer, DecodesWhatEachTypeOfTokenStandsFor) {
  Vocabulary vocabulary = testing::ByteVocabulary("gpt-2");
  const int32_t raw = testing::AddToken(vocabulary, "<tool call>", TokenType::kNormal);
  const int32_t control = testing::AddToken(vocabulary, "<|end|>", TokenType::kControl);
  const int32_t user = testing::AddToken(vocabulary, "\xC4\xA0\xC4\xA0", TokenType::kUserDefined);
  const int32_t byte = testing::AddToken(vocabulary, "<0x41>", TokenType::kByte);
  const int32_t unused = testing::AddToken(vocabulary, "[unused]", TokenType::kUnused);
  const auto tokenizer = Tokenizer::Make(vocabulary);
  EXPECT_EQ(tokenizer->TokenBytes(' '), " ");
  EXPECT_EQ(tokenizer->TokenBytes(raw), "<tool call>");
  EXPECT_EQ(tokenizer->TokenBytes(user), "\xC4\xA0\xC4\xA0");  // as it is found in text
  EXPECT_EQ(tokenizer->Decode(Ids{'a', control, byte, unused, 'b'}), "a<|end|>Ab");
  EXPECT_EQ(tokenizer->Decode(Ids{'a', control, 'b'}, {.control = DecodeOptions::Control::kSkip}),
            "ab");
}

// Random vocabularies, all four cuts: every text comes back, whatever it holds.
TEST(ByteLevelTokenizer, RoundTrip) {
  std::mt19937_64 random(31);
  for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    const auto tokenizer =
        Tokenizer::Make(testing::RandomByteVocabulary(random, pre, " est'ld\n0\xE2\x80\x93", 300));
    TokenizerScratch scratch;
    for (int i = 0; i < 3000; ++i) {
      const std::string text =
          i % 2 ? testing::RandomText(random, 60) : testing::RandomBytes(random, 60);
      Ids ids;
      tokenizer->Encode(text, SpecialTokens::kPlainText, scratch, ids);
      ASSERT_EQ(tokenizer->Decode(ids), MakeValidUtf8(text).text) << pre << ", round " << i;
      ASSERT_EQ(Encode(*tokenizer, text), ids) << "cache on and off differ";
    }
    EXPECT_EQ(scratch.counters().num_dropped_bytes, 0u);
    EXPECT_GT(scratch.counters().num_cache_hits, 1000u);
  }
}

}  // namespace
}  // namespace rowmill
