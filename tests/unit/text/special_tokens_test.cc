#include "text/special_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

using Kind = SpecialTokenMatcher::Kind;
using Found = std::vector<std::tuple<size_t, size_t, int32_t>>;

struct Special {
  std::string text;
  TokenType type;
};

Vocabulary With(const std::vector<Special>& specials) {
  Vocabulary vocabulary;
  for (const Special& special : specials) {
    testing::AddToken(vocabulary, special.text, special.type);
  }
  return vocabulary;
}

Found FindAll(const SpecialTokenMatcher& matcher, std::string_view text,
              const std::vector<ParseRegion>& regions) {
  SpecialTokenScratch scratch;
  matcher.FindAll(text, regions, scratch);
  Found found;
  for (const SpecialMatch& match : scratch.matches) {
    found.emplace_back(match.begin, match.size, match.id);
  }
  return found;
}

TEST(SpecialTokens, LeftmostThenLongest) {
  const SpecialTokenMatcher matcher(With({{"ab", TokenType::kControl},
                                          {"abcd", TokenType::kControl},
                                          {"bcdef", TokenType::kControl},
                                          {"d", TokenType::kControl}}),
                                    Kind::kUserDefinedAndControl);
  EXPECT_EQ(FindAll(matcher, "abcdef", {{0, 6}}), (Found{{0, 4, 1}}));
  EXPECT_EQ(FindAll(matcher, "xabcabd", {{0, 7}}), (Found{{1, 2, 0}, {4, 2, 0}, {6, 1, 3}}));
  EXPECT_EQ(FindAll(matcher, "xbcdef", {{0, 6}}), (Found{{1, 5, 2}}));
  EXPECT_EQ(FindAll(matcher, "", {}), Found{});
}

TEST(SpecialTokens, ControlTokensNeedTheirRegion) {
  const SpecialTokenMatcher matcher(With({{"<e>", TokenType::kControl},
                                          {"<u>", TokenType::kUnknown},
                                          {"\n\n", TokenType::kUserDefined},
                                          {"\n\n<e>", TokenType::kControl},
                                          {"n", TokenType::kNormal}}),
                                    Kind::kUserDefinedAndControl);
  EXPECT_EQ(FindAll(matcher, "<e>n<u>", {}), Found{});
  EXPECT_EQ(FindAll(matcher, "<e><e><e>", {{3, 6}}), (Found{{3, 3, 0}}));
  EXPECT_EQ(FindAll(matcher, "<e><e>", {{0, 5}}), (Found{{0, 3, 0}}));
  EXPECT_EQ(FindAll(matcher, "<e><e>", {{1, 6}}), (Found{{3, 3, 0}}));
  // A user-defined token is text and may reach across; the longer control token may not.
  EXPECT_EQ(FindAll(matcher, "\n\n<e>", {{0, 3}}), (Found{{0, 2, 2}}));
  EXPECT_EQ(FindAll(matcher, "\n\n<e>", {{2, 5}}), (Found{{0, 2, 2}, {2, 3, 0}}));
  EXPECT_EQ(FindAll(matcher, "\n\n<e>", {{0, 5}}), (Found{{0, 5, 3}}));
}

TEST(SpecialTokens, UserDefinedOnly) {
  const SpecialTokenMatcher matcher(
      With({{"<e>", TokenType::kControl}, {"<td>", TokenType::kUserDefined}}), Kind::kUserDefined);
  EXPECT_EQ(FindAll(matcher, "<e><td>", {{0, 7}}), (Found{{3, 4, 1}}));
  EXPECT_TRUE(
      SpecialTokenMatcher(With({{"<e>", TokenType::kControl}}), Kind::kUserDefined).empty());
}

// Leftmost-longest with regions by trying every token at every place.
Found FindByDefinition(const Vocabulary& vocabulary, std::string_view text,
                       const std::vector<ParseRegion>& regions) {
  Found found;
  for (size_t i = 0; i < text.size();) {
    int32_t best = kNoToken;
    for (size_t id = 0; id < vocabulary.size(); ++id) {
      const std::string& token = vocabulary.texts[id];
      if (token.empty() || !text.substr(i).starts_with(token)) continue;
      bool allowed = vocabulary.types[id] == TokenType::kUserDefined;
      for (const ParseRegion& region : regions) {
        allowed |= region.begin <= i && i + token.size() <= region.end;
      }
      if (!allowed) continue;
      if (best == kNoToken || token.size() > vocabulary.texts[best].size()) {
        best = static_cast<int32_t>(id);
      }
    }
    if (best == kNoToken) {
      ++i;
      continue;
    }
    found.emplace_back(i, vocabulary.texts[best].size(), best);
    i += vocabulary.texts[best].size();
  }
  return found;
}

TEST(SpecialTokens, EqualsTheDefinition) {
  std::mt19937_64 random(23);
  for (int round = 0; round < 5000; ++round) {
    std::vector<Special> specials;
    std::set<std::string> texts;
    for (size_t n = random() % 8; n > 0; --n) {
      std::string text(1 + random() % 5, '\0');
      for (char& c : text) c = "ab<"[random() % 3];
      if (!texts.insert(text).second) continue;
      specials.push_back({text, random() % 2 ? TokenType::kControl : TokenType::kUserDefined});
    }
    const Vocabulary vocabulary = With(specials);
    std::string text(random() % 60, '\0');
    for (char& c : text) c = "ab<"[random() % 3];
    std::vector<ParseRegion> regions;
    for (size_t at = random() % 10; at < text.size();) {
      const size_t end = std::min(text.size(), at + 1 + random() % 12);
      regions.push_back({at, end});
      at = end + 1 + random() % 6;
    }
    ASSERT_EQ(FindAll(SpecialTokenMatcher(vocabulary, Kind::kUserDefinedAndControl), text, regions),
              FindByDefinition(vocabulary, text, regions))
        << "round " << round << " of seed 23, text " << text;
  }
}

// A vocabulary and a text made for each other: read forwards, each place would match up to the last
// byte of the long token before it fails.
TEST(SpecialTokens, LinearOnHostileTextAndVocabulary) {
  const SpecialTokenMatcher matcher(
      With({{"a", TokenType::kControl}, {std::string(500, 'a') + "b", TokenType::kControl}}),
      Kind::kUserDefinedAndControl);
  const auto operations = [&](size_t n) {
    SpecialTokenScratch scratch;
    const ParseRegion region{0, n};
    matcher.FindAll(std::string(n, 'a'), std::span(&region, 1), scratch);
    EXPECT_EQ(scratch.matches.size(), n);
    return scratch.num_operations;
  };
  EXPECT_LE(operations(200000), 2 * operations(100000) + 10);
  EXPECT_LE(operations(200000), 4u * 200000);
}

}  // namespace
}  // namespace rowmill
