#include "data/json_number.h"

#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

TEST(JsonNumberTest, IntegersEndAt64Bits) {
  EXPECT_TRUE(JsonIntegerFits("0"));
  EXPECT_TRUE(JsonIntegerFits("-999999999999999999"));
  EXPECT_TRUE(JsonIntegerFits("18446744073709551615"));
  EXPECT_FALSE(JsonIntegerFits("18446744073709551616"));
  EXPECT_TRUE(JsonIntegerFits("-9223372036854775808"));
  EXPECT_FALSE(JsonIntegerFits("-9223372036854775809"));
  EXPECT_FALSE(JsonIntegerFits(std::string(1'000'000, '9')));
}

TEST(JsonNumberTest, FractionsEndAtTheLargestDouble) {
  EXPECT_TRUE(JsonFractionFits("1.5"));
  EXPECT_TRUE(JsonFractionFits("1.7976931348623157e308"));
  EXPECT_FALSE(JsonFractionFits("1.7976931348623159e308"));
  EXPECT_FALSE(JsonFractionFits("-1e309"));
  EXPECT_TRUE(JsonFractionFits("-1e+308"));
  EXPECT_FALSE(JsonFractionFits("1e999999999999999999999"));
  EXPECT_FALSE(JsonFractionFits("1e+9223372036854775807"));
  EXPECT_FALSE(JsonFractionFits("1" + std::string(400, '0') + ".5"));
  EXPECT_FALSE(JsonFractionFits("-1" + std::string(400, '0') + ".5e-10"));
}

TEST(JsonNumberTest, UnderflowFits) {
  EXPECT_TRUE(JsonFractionFits("1e-999"));
  EXPECT_TRUE(JsonFractionFits("-1e-999999999999999999999"));
  EXPECT_TRUE(JsonFractionFits("0e999999999999999999999"));
  EXPECT_TRUE(JsonFractionFits("-0.0e999"));
  EXPECT_TRUE(JsonFractionFits("0." + std::string(400, '0') + "5"));
  EXPECT_TRUE(JsonFractionFits("0." + std::string(400, '0') + "5e400"));
  EXPECT_TRUE(JsonFractionFits("0." + std::string(700, '0') + "5e300"));
}

}  // namespace
}  // namespace rowmill
