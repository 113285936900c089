#include "text/unigram_tokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/utf8.h"
#include "unit/text/character_map_builder.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

using testing::UnigramVocabulary;

std::vector<std::string> Pieces(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> pieces;
  for (const int32_t id : tokenizer.Encode(text, SpecialTokens::kPlainText)) {
    pieces.emplace_back(tokenizer.vocabulary().texts[static_cast<size_t>(id)]);
  }
  return pieces;
}

using Texts = std::vector<std::string>;

TEST(UnigramTokenizer, TakesTheBestSumNotTheLongestToken) {
  const auto tokenizer = UnigramTokenizer::Make(UnigramVocabulary({{"▁", -2},
                                                                   {"a", -3},
                                                                   {"b", -3},
                                                                   {"c", -3},
                                                                   {"ab", -4},
                                                                   {"bc", -4},
                                                                   {"abc", -9},
                                                                   {"▁a", -4}}));
  EXPECT_EQ(Pieces(*tokenizer, "abc"), (Texts{"▁a", "bc"}));
  EXPECT_EQ(Pieces(*tokenizer, "  abc \t"), (Texts{"▁a", "bc", "▁", "<unk>"}));
  EXPECT_EQ(Pieces(*tokenizer, ""), Texts{});
  EXPECT_EQ(Pieces(*tokenizer, "   "), Texts{});
  EXPECT_EQ(Pieces(*tokenizer, "a  a"), (Texts{"▁a", "▁a"}));
  EXPECT_EQ(Pieces(*tokenizer, "a▁a"), (Texts{"▁a", "▁a"}));
}

TEST(UnigramTokenizer, UnknownCharactersInARowAreOneToken) {
  const auto tokenizer = UnigramTokenizer::Make(UnigramVocabulary({{"▁", -2}, {"a", -3}}));
  EXPECT_EQ(Pieces(*tokenizer, "axéa"), (Texts{"▁", "a", "<unk>", "a"}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("axéa", SpecialTokens::kPlainText)), "a ⁇ a");
  // Without a token for the space the unknown run reaches across it.
  const auto spaceless = UnigramTokenizer::Make(UnigramVocabulary({{"a", -3}}));
  EXPECT_EQ(Pieces(*spaceless, "x y a"), (Texts{"<unk>", "a"}));
}

TEST(UnigramTokenizer, NormalisesByTheModelsTable) {
  Vocabulary vocabulary = UnigramVocabulary({{"▁", -2}, {"fi", -1}, {"a", -1}});
  vocabulary.character_map =
      testing::CharacterMapBuilder::Build({{"ﬁ", "fi"}, {"　", " "}, {"A", "a"}, {"\n", " "}});
  const auto tokenizer = UnigramTokenizer::Make(std::move(vocabulary));
  EXPECT_EQ(Pieces(*tokenizer, "　ﬁ\n\n A"), (Texts{"▁", "fi", "▁", "a"}));
}

TEST(UnigramTokenizer, TextNeverBecomesAControlToken) {
  const auto tokenizer = UnigramTokenizer::Make(UnigramVocabulary({{"▁", -2}, {"s", -1}}));
  for (const int32_t id : tokenizer->Encode("<s></s>", SpecialTokens::kPlainText)) {
    EXPECT_TRUE(id == tokenizer->vocabulary().unk || !tokenizer->vocabulary().IsControl(id));
  }
  EXPECT_EQ(Pieces(*tokenizer, "s</s>s"), (Texts{"▁", "s", "<unk>", "s", "<unk>", "s"}));
  EXPECT_EQ(tokenizer->Encode("s</s>", SpecialTokens::kParse).back(), tokenizer->vocabulary().eos);
}

TEST(UnigramTokenizer, RefusesWhatItCannotWorkWith) {
  Vocabulary no_unknown = UnigramVocabulary({{"a", -1}});
  no_unknown.unk = kNoToken;
  EXPECT_THROW(UnigramTokenizer::Make(std::move(no_unknown)), ModelError);
  Vocabulary no_scores = UnigramVocabulary({{"a", -1}});
  no_scores.scores.pop_back();
  EXPECT_THROW(UnigramTokenizer::Make(std::move(no_scores)), ModelError);
  Vocabulary cut_map = UnigramVocabulary({{"a", -1}});
  cut_map.character_map = "abc";
  EXPECT_THROW(UnigramTokenizer::Make(std::move(cut_map)), ModelError);
}

// The oracle: the best sum over all ways to cut a text, by trying every token at every place.
float BestSum(const Vocabulary& vocabulary, std::string_view text) {
  std::vector<float> best(text.size() + 1, -1e30f);
  best[0] = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t character = DecodeUtf8(text.substr(begin)).num_bytes;
    bool found = false;
    for (size_t i = 3; i < vocabulary.size(); ++i) {
      const std::string& token = vocabulary.texts[i];
      if (!text.substr(begin).starts_with(token)) continue;
      found |= token.size() == character;
      best[begin + token.size()] =
          std::max(best[begin + token.size()], best[begin] + vocabulary.scores[i]);
    }
    if (!found) best[begin + character] = std::max(best[begin + character], best[begin] - 30.0f);
    begin += character;
  }
  return best[text.size()];
}

TEST(UnigramTokenizer, SumsAreTheBestThereAre) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    // Multiples of 1/4, so that sums are exact in any order; the lowest is -20.
    std::vector<std::pair<std::string, float>> texts = {{"▁", -20.0f}, {"a", -4}, {"b", -5}};
    std::set<std::string> seen;
    for (int k = 0; k < 25; ++k) {
      std::string text;
      for (size_t n = 2 + random() % 4; n > 0; --n) text += "ab"[random() % 2];
      if (random() % 3 == 0) text = "▁" + text;
      if (random() % 5 == 0) text += "é";
      if (!seen.insert(text).second) continue;
      texts.emplace_back(text, -static_cast<float>(random() % 72 + 4) / 4);
    }
    Vocabulary vocabulary = UnigramVocabulary(texts);
    const auto tokenizer = UnigramTokenizer::Make(vocabulary);
    for (int k = 0; k < 20; ++k) {
      std::string text;
      for (size_t n = random() % 30; n > 0; --n) {
        static constexpr const char* kCharacters[] = {"a", "b", "a", "b", " ", "é"};
        text += kCharacters[random() % 6];
      }
      float sum = 0;
      std::string joined;
      for (const int32_t id : tokenizer->Encode(text, SpecialTokens::kPlainText)) {
        sum += id == vocabulary.unk ? -30.0f : vocabulary.scores[static_cast<size_t>(id)];
        joined += vocabulary.texts[static_cast<size_t>(id)];
      }
      // Runs of unknown characters are one token; the oracle counts each.
      if (joined.find("<unk>") != std::string::npos) continue;
      EXPECT_EQ(sum, BestSum(vocabulary, joined)) << text;
    }
  }
}

TEST(UnigramTokenizer, WorkIsLinearInTheText) {
  const auto tokenizer = UnigramTokenizer::Make(
      UnigramVocabulary({{"▁", -2}, {"a", -3}, {"aa", -3}, {"aaaaaaaa", -3}, {"ab", -1}}));
  const auto work = [&](size_t size) {
    TokenizerScratch scratch;
    std::vector<int32_t> ids;
    tokenizer->Encode(std::string(size, 'a'), SpecialTokens::kPlainText, scratch, ids);
    return scratch.num_operations();
  };
  EXPECT_LT(work(200000), 11 * work(20000));
}

}  // namespace
}  // namespace rowmill
