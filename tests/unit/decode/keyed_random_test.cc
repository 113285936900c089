#include "decode/keyed_random.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <set>
#include <vector>

namespace rowmill {
namespace {

// The known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(KeyedRandom, IsTheChainThatTheHeaderStates) {
  const std::array<PhiloxBlock, 2> message = {{{1, 2, 3, 4}, {5, 6, 7, 8}}};
  const PhiloxKey key = {0x9abcdef0, 0x12345678};
  PhiloxBlock state = Philox4x32(message[0], key);
  for (size_t i = 0; i < 4; ++i) state[i] ^= message[1][i];
  EXPECT_EQ(KeyedRandom(0x123456789abcdef0, message), Philox4x32(state, key));
}

TEST(KeyedRandom, EveryBitOfSeedAndMessageCounts) {
  std::vector<PhiloxBlock> message = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  std::set<PhiloxBlock> seen = {KeyedRandom(42, message)};
  for (int bit = 0; bit < 64; ++bit) seen.insert(KeyedRandom(42 ^ (uint64_t{1} << bit), message));
  for (PhiloxBlock& block : message) {
    for (uint32_t& word : block) {
      for (int bit = 0; bit < 32; ++bit) {
        word ^= 1u << bit;
        seen.insert(KeyedRandom(42, message));
        word ^= 1u << bit;
      }
    }
  }
  EXPECT_EQ(seen.size(), 1u + 64u + 3u * 128u);
}

TEST(UnitInterval, CoversZeroToJustBelowOne) {
  EXPECT_EQ(UnitInterval({0, 0, ~0u, ~0u}), 0.0);
  EXPECT_EQ(UnitInterval({~0u, ~0u, 0, 0}), 1.0 - 0x1p-53);
  EXPECT_EQ(UnitInterval({0x80000000, 0, 0, 0}), 0.5);
}

// Means of consecutive counters: 20,000 uniform numbers have a mean within 5 standard errors of
// 1/2.
TEST(UnitInterval, ConsecutiveCountersLookUniform) {
  constexpr int kDraws = 20000;
  double sum = 0.0;
  double product = 0.0;
  double previous = 0.5;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const double u = UnitInterval(Philox4x32({0, 0, 0, i}, {7, 0}));
    sum += u;
    product += (u - 0.5) * (previous - 0.5);
    previous = u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5.0 * 0.2887 / 141.4);
  EXPECT_NEAR(product / kDraws, 0.0, 5.0 * (1.0 / 12) / 141.4);
}

}  // namespace
}  // namespace rowmill
