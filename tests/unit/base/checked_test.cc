#include "base/checked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace rowmill {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

TEST(CheckedTest, ComputesWhatFits) {
  EXPECT_EQ((Checked(3) * 5 + 4).value(), 19U);
  EXPECT_EQ((Checked(7) - 7).value(), 0U);
  EXPECT_EQ((Checked(kMax) + 0).value(), kMax);
  EXPECT_EQ((Checked(kMax / 3) * 3).value(), kMax);
}

TEST(CheckedTest, SaysWhereItDoesNotFit) {
  EXPECT_EQ((Checked(kMax) + 1).value(), std::nullopt);
  EXPECT_EQ((Checked(uint64_t{1} << 32) * (uint64_t{1} << 32)).value(), std::nullopt);
  EXPECT_EQ((Checked(6) - 7).value(), std::nullopt);
}

// 2^32 * 2^32 wraps to 0; no later operation may make that look like a result.
TEST(CheckedTest, StaysOverflowed) {
  const Checked wrapped = Checked(uint64_t{1} << 32) * (uint64_t{1} << 32);
  EXPECT_EQ((wrapped * 0).value(), std::nullopt);
  EXPECT_EQ((wrapped + 1).value(), std::nullopt);
  EXPECT_EQ((Checked(1) + wrapped).value(), std::nullopt);
  EXPECT_EQ((Checked(1) * wrapped).value(), std::nullopt);
  EXPECT_EQ((Checked(1) - wrapped).value(), std::nullopt);
  EXPECT_EQ(wrapped.RoundUp(32).value(), std::nullopt);
}

TEST(CheckedTest, RoundsUpToPowersOfTwo) {
  EXPECT_EQ(Checked(0).RoundUp(32).value(), 0U);
  EXPECT_EQ(Checked(1).RoundUp(32).value(), 32U);
  EXPECT_EQ(Checked(32).RoundUp(32).value(), 32U);
  EXPECT_EQ(Checked(33).RoundUp(32).value(), 64U);
  EXPECT_EQ(Checked(33).RoundUp(1).value(), 33U);
  EXPECT_EQ(Checked(kMax - 31).RoundUp(32).value(), kMax - 31);
  EXPECT_EQ(Checked(kMax - 30).RoundUp(32).value(), std::nullopt);
}

}  // namespace
}  // namespace rowmill
