#include "engine/token_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <random>
#include <vector>

#include "base/error.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;

Tokens Get(const TokenStore& store, const TokenRef& row) {
  Tokens tokens = {-7};  // has to be replaced
  store.Get(row, tokens);
  return tokens;
}

TEST(TokenStoreTest, GivesBackWhatWasAdded) {
  TokenStore store(ScratchFolder());
  const TokenRef first = store.Add(Tokens{1, 2, 3, 4});
  const TokenRef longer = store.Add(Tokens{1, 2, 3, 4, 5});
  const TokenRef equal = store.Add(Tokens{1, 2, 3, 4});
  const TokenRef shorter = store.Add(Tokens{1, 2});
  const TokenRef branch = store.Add(Tokens{1, 2, 9});
  const TokenRef other = store.Add(Tokens{8});
  EXPECT_THAT(Get(store, first), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Get(store, longer), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Get(store, equal), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Get(store, shorter), ElementsAre(1, 2));
  EXPECT_THAT(Get(store, branch), ElementsAre(1, 2, 9));
  EXPECT_THAT(Get(store, other), ElementsAre(8));
}

TEST(TokenStoreTest, StoresTheHeadOnce) {
  TokenStore store(ScratchFolder());
  Tokens row(300, 5);
  row.push_back(1);
  store.Add(row);
  EXPECT_EQ(store.bytes(), 301 * sizeof(int32_t));
  for (int32_t last = 2; last < 102; ++last) {
    row.back() = last;
    EXPECT_EQ(store.Add(row).head_length, 300u);
  }
  EXPECT_EQ(store.bytes(), 401 * sizeof(int32_t));
}

TEST(TokenStoreTest, GetPrefixCutsInsideTheHeadAndAfterIt) {
  TokenStore store(ScratchFolder());
  store.Add(Tokens{1, 2, 3, 4});
  const TokenRef row = store.Add(Tokens{1, 2, 9, 10, 11});
  const Tokens whole = {1, 2, 9, 10, 11};
  for (uint32_t length = 0; length <= 5; ++length) {
    Tokens tokens;
    store.GetPrefix(row, length, tokens);
    EXPECT_EQ(tokens, Tokens(whole.begin(), whole.begin() + length));
  }
  Tokens tokens;
  EXPECT_THROW(store.GetPrefix(row, 6, tokens), InternalError);
}

TEST(TokenStoreTest, RefusesRowsThatCannotBe) {
  TokenStore store(ScratchFolder());
  EXPECT_THROW(store.Add(Tokens{}), InternalError);
  EXPECT_THROW(store.Add(Tokens{1, -1}), InternalError);
}

// Everything against vectors compared directly. Pieces of up to 40 tokens cross the eight tokens
// that are compared at a time.
TEST(TokenStoreTest, ComparesAsTheTokensThemselves) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<Tokens> rows = RelatedRows(random, 60, seed % 2 == 0 ? 40 : 3, 3);
    // The extremes of what an id can be.
    rows.push_back({INT32_MAX});
    rows.push_back({0});
    rows.push_back({INT32_MAX, INT32_MAX});
    std::shuffle(rows.begin(), rows.end(), random);
    TokenStore store(ScratchFolder());
    std::vector<TokenRef> refs;
    for (const Tokens& row : rows) refs.push_back(store.Add(row));
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(Get(store, refs[i]), rows[i]);
      for (size_t j = 0; j < rows.size(); ++j) {
        const auto [end, unused] = std::mismatch(
            rows[i].begin(),
            rows[i].begin() + static_cast<ptrdiff_t>(std::min(rows[i].size(), rows[j].size())),
            rows[j].begin());
        ASSERT_EQ(store.CommonPrefix(refs[i], refs[j]), end - rows[i].begin());
        const std::strong_ordering expected = rows[i] <=> rows[j];
        ASSERT_EQ(store.Compare(refs[i], refs[j]), expected);
        // Keys never contradict the order.
        const uint64_t key_i = store.SortKey(refs[i]);
        const uint64_t key_j = store.SortKey(refs[j]);
        if (key_i != key_j) {
          ASSERT_EQ(key_i < key_j, expected < 0);
        }
      }
    }
  }
}

TEST(TokenStoreTest, SortKeysTellRowsApartWhereTheyLeaveTheFirst) {
  TokenStore store(ScratchFolder());
  const TokenRef first = store.Add(Tokens{5, 5, 5});
  const std::vector<TokenRef> ascending = {store.Add(Tokens{1}),
                                           store.Add(Tokens{4, 9}),
                                           store.Add(Tokens{5}),
                                           store.Add(Tokens{5, 4}),
                                           store.Add(Tokens{5, 5}),
                                           store.Add(Tokens{5, 5, 0}),
                                           first,
                                           store.Add(Tokens{5, 5, 5, 0}),
                                           store.Add(Tokens{5, 5, 5, 1}),
                                           store.Add(Tokens{5, 5, 6}),
                                           store.Add(Tokens{5, 6}),
                                           store.Add(Tokens{6}),
                                           store.Add(Tokens{7})};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(store.SortKey(ascending[i - 1]), store.SortKey(ascending[i])) << i;
  }
}

}  // namespace
}  // namespace rowmill
