#include "text/piece_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rowmill {
namespace {

// A piece inside a longer text: what follows it may not matter.
PieceCache::Key KeyOf(const std::string& piece, char after = '\0') {
  const std::string padded = piece + std::string(PieceCache::kMaxPieceBytes, after);
  return PieceCache::MakeKey(padded.data(), piece.size());
}

std::vector<int32_t> Found(const PieceCache& cache, const PieceCache::Key& key) {
  const auto ids = cache.Find(key);
  return {ids.begin(), ids.end()};
}

TEST(PieceCache, GivesBackWhatWasPutIn) {
  PieceCache cache;
  EXPECT_TRUE(Found(cache, KeyOf("word")).empty());
  const std::vector<int32_t> ids = {3, 1, 2};
  cache.Insert(KeyOf("word"), ids);
  EXPECT_EQ(Found(cache, KeyOf("word")), ids);
  EXPECT_EQ(Found(cache, KeyOf("word", 'x')), ids);
  EXPECT_TRUE(Found(cache, KeyOf("worc")).empty());
  EXPECT_TRUE(Found(cache, KeyOf("wor")).empty());
  EXPECT_TRUE(Found(cache, KeyOf(std::string("word\0", 5))).empty());
  PieceCache::Key longer = KeyOf("word");  // "word" and a NUL, had it hashed to the same slot
  longer.size = 5;
  EXPECT_TRUE(Found(cache, longer).empty());
  cache.Clear();
  EXPECT_TRUE(Found(cache, KeyOf("word")).empty());
}

TEST(PieceCache, KeepsNothingThatDoesNotFit) {
  PieceCache cache;
  cache.Insert(KeyOf("a"), std::vector<int32_t>{});
  cache.Insert(KeyOf("b"), std::vector<int32_t>(PieceCache::kMaxIds + 1, 5));
  EXPECT_TRUE(Found(cache, KeyOf("a")).empty());
  EXPECT_TRUE(Found(cache, KeyOf("b")).empty());
  const std::vector<int32_t> full(PieceCache::kMaxIds, 5);
  const std::string longest(PieceCache::kMaxPieceBytes, 'z');
  cache.Insert(KeyOf(longest), full);
  EXPECT_EQ(Found(cache, KeyOf(longest)), full);
}

// Overwriting is allowed, a wrong answer is not.
TEST(PieceCache, NeverAnswersForAnotherPiece) {
  PieceCache cache;
  std::mt19937_64 random(3);
  int hits = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string piece(1 + random() % PieceCache::kMaxPieceBytes, '\0');
    for (char& c : piece) c = static_cast<char>(random() % 3);
    uint32_t digest = 0;
    for (const char c : piece) digest = digest * 5 + static_cast<uint8_t>(c);
    const int32_t sum = static_cast<int32_t>(digest);
    const PieceCache::Key key = KeyOf(piece);
    const std::vector<int32_t> found = Found(cache, key);
    if (!found.empty()) {
      ++hits;
      ASSERT_EQ(found, (std::vector<int32_t>{sum, static_cast<int32_t>(piece.size())}));
    }
    cache.Insert(key, std::vector<int32_t>{sum, static_cast<int32_t>(piece.size())});
  }
  EXPECT_GT(hits, 1000);
}

}  // namespace
}  // namespace rowmill
