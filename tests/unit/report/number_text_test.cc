#include "report/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace rowmill {
namespace {

TEST(NumberText, AsPeopleReadThem) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(1234567), "1,234,567");
  EXPECT_EQ(NumberText(0.0), "0");
  EXPECT_EQ(NumberText(0.012345), "0.0123");
  EXPECT_EQ(NumberText(1.2345), "1.23");
  EXPECT_EQ(NumberText(12.345), "12.3");
  EXPECT_EQ(NumberText(123.45), "123");
  EXPECT_EQ(NumberText(12345.6), "12,346");
  EXPECT_EQ(NumberText(-12345.6), "-12,346");
  EXPECT_EQ(NumberText(std::numeric_limits<double>::quiet_NaN()), "–");
  EXPECT_EQ(SecondsText(0.0000123), "12.3 µs");
  EXPECT_EQ(SecondsText(0.0123), "12.3 ms");
  EXPECT_EQ(SecondsText(12.3), "12.3 s");
  EXPECT_EQ(SecondsText(123.0), "2 min 03 s");
  EXPECT_EQ(SecondsText(7384.0), "2 h 03 min");
  EXPECT_EQ(PercentText(0.8172), "81.7 %");
  EXPECT_EQ(BytesText(1536.0), "1.50 KiB");
}

}  // namespace
}  // namespace rowmill
