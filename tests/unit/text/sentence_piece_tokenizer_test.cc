#include "text/sentence_piece_tokenizer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "text/tokenizer.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

using Ids = std::vector<int32_t>;
const std::string kSpace = "\xE2\x96\x81";  // U+2581
constexpr int32_t kFirst = 259;             // of the texts given to PieceVocabulary

Ids Encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.Encode(text, SpecialTokens::kPlainText);
}

TEST(SentencePieceTokenizer, MergesByScore) {
  const auto tokenizer =
      Tokenizer::Make(testing::PieceVocabulary({"bc", "ab", "a", "b", "c", "abcd"}));
  EXPECT_EQ(Encode(*tokenizer, "abc"), (Ids{kFirst + 2, kFirst}));  // bc has the higher score
  EXPECT_EQ(Encode(*tokenizer, "ab"), (Ids{kFirst + 1}));
  // abcd has no way to come about: of its parts a, bc and d no two make a token.
  EXPECT_EQ(Encode(*tokenizer, "abcd"), (Ids{kFirst + 2, kFirst, 3 + 'd'}));
  EXPECT_EQ(Encode(*tokenizer, ""), Ids{});
}

TEST(SentencePieceTokenizer, EqualScoresMergeFromTheLeft) {
  Vocabulary vocabulary = testing::PieceVocabulary({"aa", "a"});
  vocabulary.scores[kFirst + 1] = vocabulary.scores[kFirst];
  const auto tokenizer = Tokenizer::Make(vocabulary);
  EXPECT_EQ(Encode(*tokenizer, "aaa"), (Ids{kFirst, kFirst + 1}));
}

TEST(SentencePieceTokenizer, SpacesAreU2581) {
  const auto tokenizer =
      Tokenizer::Make(testing::PieceVocabulary({kSpace + "a", kSpace, "a", "b" + kSpace, "b"}));
  EXPECT_EQ(Encode(*tokenizer, " a"), Ids{kFirst});
  EXPECT_EQ(Encode(*tokenizer, kSpace + "a"), Ids{kFirst});
  // Across the boundary before a space: "b " outranks nothing here but exists, so no cut is made.
  EXPECT_EQ(Encode(*tokenizer, "b b"), (Ids{kFirst + 3, kFirst + 4}));
  EXPECT_EQ(tokenizer->Decode(Ids{kFirst, kFirst + 3}), " ab ");
}

TEST(SentencePieceTokenizer, CharactersWithoutATokenBecomeBytes) {
  const auto tokenizer = Tokenizer::Make(testing::PieceVocabulary({"a"}));
  const auto byte = [](int value) { return 3 + value; };
  EXPECT_EQ(Encode(*tokenizer, "a\xC3\xA9\n"), (Ids{kFirst, byte(0xC3), byte(0xA9), byte(10)}));
  EXPECT_EQ(Encode(*tokenizer, " "), (Ids{byte(0xE2), byte(0x96), byte(0x81)}));
  EXPECT_EQ(tokenizer->Decode(Ids{byte(0xC3), byte(0xA9)}), "\xC3\xA9");
  EXPECT_EQ(tokenizer->Decode(Ids{byte(0xC3)}), "\xEF\xBF\xBD");
}

TEST(SentencePieceTokenizer, WithoutByteTokensTheUnknownTokenStandsForARun) {
  Vocabulary vocabulary;
  vocabulary.model = TokenizerModel::kSentencePieceBpe;
  vocabulary.unk = testing::AddToken(vocabulary, "<unk>", TokenType::kUnknown);
  testing::AddToken(vocabulary, "a", TokenType::kNormal);
  EXPECT_EQ(Encode(*Tokenizer::Make(vocabulary), "axya"), (Ids{1, 0, 1}));
  vocabulary.unk = kNoToken;
  TokenizerScratch scratch;
  Ids ids;
  Tokenizer::Make(vocabulary)->Encode("axya", SpecialTokens::kPlainText, scratch, ids);
  EXPECT_EQ(ids, (Ids{1, 1}));
  EXPECT_EQ(scratch.counters().num_dropped_bytes, 2u);
}

TEST(SentencePieceTokenizer, AddedSpace) {
  Vocabulary vocabulary = testing::PieceVocabulary({kSpace + "a", kSpace, "a"});
  vocabulary.add_space_prefix = true;
  const auto tokenizer = Tokenizer::Make(vocabulary);
  EXPECT_EQ(Encode(*tokenizer, "a"), Ids{kFirst});
  EXPECT_EQ(Encode(*tokenizer, " a"), (Ids{kFirst + 1, kFirst}));
  EXPECT_EQ(Encode(*tokenizer, ""), Ids{});
  // Again after each special token.
  EXPECT_EQ(tokenizer->Encode("a</s>a", SpecialTokens::kParse), (Ids{kFirst, 2, kFirst}));
  EXPECT_EQ(tokenizer->Decode(Ids{kFirst, kFirst}), "a a");
  EXPECT_EQ(tokenizer->Decode(Ids{kFirst}, {.leading_space = DecodeOptions::LeadingSpace::kKeep}),
            " a");
}

// Text that spells a control or byte token stays text, even where merges would build it.
TEST(SentencePieceTokenizer, NoTextMergesIntoAControlOrByteToken) {
  const auto tokenizer = Tokenizer::Make(testing::PieceVocabulary(
      {"<", "/", "s", ">", "</", "s>", "<0", "x4", "x41", "x41>", "0", "x", "4", "1"}));
  for (const char* text : {"</s>", "<s>", "<unk>", "<0x41>"}) {
    for (const int32_t id : Encode(*tokenizer, text)) {
      EXPECT_FALSE(tokenizer->vocabulary().IsControl(id)) << text;
    }
    EXPECT_EQ(tokenizer->Decode(Encode(*tokenizer, text)), text);
  }
}

// The whole text as one sequence, merged by definition: the cuts at spaces change nothing.
Ids EncodeByDefinition(const Vocabulary& vocabulary, const std::string& text) {
  std::map<std::string, int32_t> by_text;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (vocabulary.types[i] == TokenType::kNormal) {
      by_text.emplace(vocabulary.texts[i], static_cast<int32_t>(i));
    }
  }
  std::vector<std::string> symbols;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t size = DecodeUtf8(rest).num_bytes;
    symbols.push_back(rest[0] == ' ' ? kSpace : std::string(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  for (;;) {
    size_t best = symbols.size();
    float best_score = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto at = by_text.find(symbols[i] + symbols[i + 1]);
      if (at == by_text.end()) continue;
      const float score = vocabulary.scores[at->second];
      if (best == symbols.size() || score > best_score) {
        best = i;
        best_score = score;
      }
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& symbol : symbols) {
    if (const auto at = by_text.find(symbol); at != by_text.end()) {
      ids.push_back(at->second);
    } else {
      for (const char c : symbol) ids.push_back(3 + static_cast<uint8_t>(c));
    }
  }
  return ids;
}

TEST(SentencePieceTokenizer, EqualsTheDefinition) {
  std::mt19937_64 random(41);
  const std::vector<std::string> letters = {"a", "b", "e", kSpace, kSpace, "\xC3\xA9", "\n"};
  for (int round = 0; round < 300; ++round) {
    std::set<std::string> texts = {kSpace};
    for (int i = 0; i < 60; ++i) {
      std::string text;
      for (size_t n = 1 + random() % 4; n > 0; --n) text += letters[random() % letters.size()];
      texts.insert(text);
    }
    Vocabulary vocabulary = testing::PieceVocabulary({texts.begin(), texts.end()});
    for (float& score : vocabulary.scores) score = static_cast<float>(random() % 40);
    const auto tokenizer = Tokenizer::Make(vocabulary);
    TokenizerScratch scratch;
    for (int i = 0; i < 20; ++i) {
      std::string text;
      for (size_t n = random() % 60; n > 0; --n) {
        const std::string& letter = letters[random() % letters.size()];
        text += letter == kSpace ? " " : letter;
      }
      const Ids expected = EncodeByDefinition(vocabulary, text);
      Ids ids;
      tokenizer->Encode(text, SpecialTokens::kPlainText, scratch, ids);
      ASSERT_EQ(ids, expected) << "round " << round << " of seed 41, text " << text;
      ASSERT_EQ(tokenizer->Decode(ids), text);
    }
  }
}

}  // namespace
}  // namespace rowmill
