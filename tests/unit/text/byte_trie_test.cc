#include "text/byte_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace rowmill {
namespace {

TEST(ByteTrie, FindsWhatWasAddedAndNothingElse) {
  std::mt19937_64 random(5);
  constexpr uint32_t kStates = 2000;
  ByteTrie trie(kStates);
  std::map<std::pair<uint32_t, uint8_t>, uint32_t> expected;
  while (trie.num_states() < kStates) {
    const auto state = static_cast<uint32_t>(random() % trie.num_states());
    const auto byte = static_cast<uint8_t>(random() % 7 * 40);
    const uint32_t before = trie.num_states();
    const uint32_t target = trie.FindOrAdd(state, byte);
    const auto [entry, is_new] = expected.emplace(std::pair(state, byte), target);
    EXPECT_EQ(entry->second, target);
    EXPECT_EQ(trie.num_states(), before + (is_new ? 1 : 0));
  }
  for (uint32_t state = 0; state < kStates; ++state) {
    for (int byte = 0; byte < 256; ++byte) {
      const auto entry = expected.find({state, static_cast<uint8_t>(byte)});
      const uint32_t target = entry == expected.end() ? ByteTrie::kRoot : entry->second;
      ASSERT_EQ(trie.Find(state, static_cast<uint8_t>(byte)), target);
    }
  }
}

}  // namespace
}  // namespace rowmill
