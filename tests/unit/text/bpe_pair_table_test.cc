#include "text/bpe_pair_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

TEST(BpePairTable, EqualsAMap) {
  std::mt19937_64 random(9);
  const Vocabulary vocabulary = testing::RandomByteVocabulary(random, "gpt-2", "abcdef", 3000);
  std::map<std::pair<int32_t, int32_t>, size_t> expected;
  for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    expected.emplace(std::pair(vocabulary.merges[rank].left, vocabulary.merges[rank].right), rank);
  }
  ASSERT_GT(expected.size(), 500u);
  const BpePairTable pairs(vocabulary);
  const int32_t num_tokens = static_cast<int32_t>(vocabulary.size());
  for (int32_t left = -1; left < num_tokens; ++left) {
    for (int i = 0; i < 50; ++i) {
      const int32_t right = static_cast<int32_t>(random() % (num_tokens + 1)) - 1;
      const MergeTarget target = pairs.Find(left, right);
      const auto at = expected.find({left, right});
      ASSERT_EQ(target.rank, at == expected.end() ? kNoRank : at->second);
    }
  }
  for (const auto& [pair, rank] : expected) {
    const MergeTarget target = pairs.Find(pair.first, pair.second);
    ASSERT_EQ(target.rank, rank);
    ASSERT_EQ(target.result, vocabulary.merges[rank].result);
  }
}

TEST(BpePairTable, EmptyAndTwiceListed) {
  Vocabulary vocabulary = testing::ByteVocabulary("gpt-2");
  EXPECT_EQ(BpePairTable(vocabulary).Find('a', 'b').rank, kNoRank);
  const int32_t ab = testing::AddMerge(vocabulary, 'a', 'b');
  testing::AddMerge(vocabulary, 'a', 'b', ab);
  EXPECT_EQ(BpePairTable(vocabulary).Find('a', 'b').rank, 0u);
  EXPECT_EQ(BpePairTable(vocabulary).Find(-1, -1).rank, kNoRank);
}

TEST(BpePairTable, MergesIntoControlTokensAreLeftOut) {
  Vocabulary vocabulary = testing::ByteVocabulary("gpt-2");
  const int32_t ab = testing::AddMerge(vocabulary, 'a', 'b');
  vocabulary.types[ab] = TokenType::kControl;
  EXPECT_EQ(BpePairTable(vocabulary).Find('a', 'b').rank, kNoRank);
}

}  // namespace
}  // namespace rowmill
