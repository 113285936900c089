#include "text/byte_hash.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace rowmill {
namespace {

// What TokenTable relies on: up to eight bytes, word and size are the string.
TEST(ByteHash, TailWordIsInjectiveForShortStrings) {
  std::mt19937_64 random(5);
  std::map<std::pair<size_t, uint64_t>, std::string> seen;
  for (int i = 0; i < 200000; ++i) {
    std::string text(1 + random() % 8, '\0');
    for (char& c : text) c = "ab\0\xFF"[random() % 4];
    const auto [at, is_new] =
        seen.emplace(std::pair(text.size(), TailWord(text.data(), text.size())), text);
    ASSERT_EQ(at->second, text);
  }
}

TEST(ByteHash, EveryByteAndTheSizeCount) {
  for (size_t size = 1; size <= 40; ++size) {
    std::string text(size, 'x');
    std::set<uint64_t> hashes = {HashBytes(text.data(), text.size())};
    for (size_t i = 0; i < size; ++i) {
      text[i] = 'y';
      hashes.insert(HashBytes(text.data(), text.size()));
      text[i] = 'x';
    }
    hashes.insert(HashBytes(text.data(), size - 1));
    EXPECT_EQ(hashes.size(), size + 2) << size;
  }
}

}  // namespace
}  // namespace rowmill
