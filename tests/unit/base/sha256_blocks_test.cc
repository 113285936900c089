#include "base/sha256_blocks.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace rowmill {
namespace {

TEST(Sha256BlocksTest, InstructionsEqualPlainCode) {
  if (!HasSha256Instructions()) GTEST_SKIP() << "no SHA instructions on this processor";
  constexpr uint32_t kSeed = 20250611;
  std::mt19937 random(kSeed);
  for (size_t num_blocks = 0; num_blocks < 40; ++num_blocks) {
    std::vector<uint8_t> data(64 * num_blocks + 1);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    std::array<uint32_t, 8> plain;
    for (uint32_t& word : plain) word = static_cast<uint32_t>(random());
    std::array<uint32_t, 8> fast = plain;
    Sha256BlocksPortable(plain.data(), data.data() + 1, num_blocks);  // not aligned
    Sha256BlocksX86(fast.data(), data.data() + 1, num_blocks);
    EXPECT_EQ(plain, fast) << num_blocks << " blocks, seed " << kSeed;
  }
}

}  // namespace
}  // namespace rowmill
