#include "prep/redact/check_digits.h"

#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

// Each published example, and that no other last digit passes.
void ExpectOnlyThisDigit(bool (*passes)(std::string_view), std::string number) {
  SCOPED_TRACE(number);
  const char right = number.back();
  for (char digit = '0'; digit <= '9'; ++digit) {
    number.back() = digit;
    EXPECT_EQ(passes(number), digit == right) << digit;
  }
}

TEST(CheckDigits, Luhn) {
  ExpectOnlyThisDigit(PassesLuhn, "79927398713");  // the example of ISO/IEC 7812-1's annex
  ExpectOnlyThisDigit(PassesLuhn, "4111111111111111");
  EXPECT_FALSE(PassesLuhn(""));
  EXPECT_FALSE(PassesLuhn("7992739871x"));
}

TEST(CheckDigits, Verhoeff) {
  ExpectOnlyThisDigit(PassesVerhoeff, "2363");
  ExpectOnlyThisDigit(PassesVerhoeff, "123451");
  EXPECT_FALSE(PassesVerhoeff("2633")) << "neighbours that changed places";
}

TEST(CheckDigits, Mod11And10) { ExpectOnlyThisDigit(PassesMod11And10, "86095742719"); }

TEST(CheckDigits, IbanMod97) {
  EXPECT_TRUE(PassesIbanMod97("GB82WEST12345698765432"));
  EXPECT_TRUE(PassesIbanMod97("gb82west12345698765432"));
  EXPECT_FALSE(PassesIbanMod97("GB82WEST12345698765423"));
  EXPECT_FALSE(PassesIbanMod97("GB82"));
  EXPECT_FALSE(PassesIbanMod97("GB82 WEST 1234"));
}

TEST(CheckDigits, Dates) {
  EXPECT_TRUE(IsDate("99", "12", "31"));
  EXPECT_TRUE(IsDate("2000", "02", "29"));
  EXPECT_FALSE(IsDate("1900", "02", "29"));
  EXPECT_FALSE(IsDate("01", "02", "29"));
  EXPECT_FALSE(IsDate("99", "13", "01"));
  EXPECT_FALSE(IsDate("99", "00", "01"));
  EXPECT_FALSE(IsDate("99", "04", "31"));
  EXPECT_FALSE(IsDate("99", "04", "00"));
}

}  // namespace
}  // namespace rowmill
