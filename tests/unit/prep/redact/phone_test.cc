#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindPhoneNumbers, text); }

// Numbers that regulators keep free for films and books (NANP 555-01XX, Ofcom, Bundesnetzagentur).
TEST(Phone, FreeNumbersInManyForms) {
  for (const char* number :
       {"+1 212 555 0142",   "+1 (212) 555-0142", "(212) 555-0142",      "212-555-0142",
        "212.555.0142",      "1-212-555-0142",    "+12125550142",        "(212) 555-0142 ext. 17",
        "212-555-0142 x17",  "020 7946 0018",     "+44 20 7946 0018",    "+44 (0)20 7946 0018",
        "0044 20 7946 0018", "07700 900123",      "07700900123",         "(030) 23125000",
        "030/23125000",      "+49 30 23125 000",  "+49 (0)30 23125-000", "01 99 00 12 34",
        "+33 1 99 00 12 34", "+61 491 570 156",   "+351 912 345 678",    "+91 98765 43210",
        "+7 912 345-67-89",  "+55 11 91234-5678", "+1.212.555.0142",     "+358 40 1234567"}) {
    EXPECT_THAT(In(std::string("I wrote ") + number + ", twice"),
                ElementsAre(std::string("PHONE_NUMBER ") + number));
  }
}

TEST(Phone, OtherFormsNextToAWord) {
  EXPECT_THAT(In("my phone is 123-456-7890"), ElementsAre("PHONE_NUMBER 123-456-7890"));
  EXPECT_THAT(In("Tel.: 5550142"), ElementsAre("PHONE_NUMBER 5550142"));
  EXPECT_THAT(In("móvil 612 345 678"), ElementsAre("PHONE_NUMBER 612 345 678"));
  EXPECT_THAT(In("5550142 (mobile)"), ElementsAre("PHONE_NUMBER 5550142"));
  EXPECT_THAT(In("call us on order 5550142"), IsEmpty());
  EXPECT_THAT(In("called on 12-10-2024"), IsEmpty());
}

TEST(Phone, WhatIsNone) {
  for (const char* text : {"2024-11-27",
                           "27.11.2024",
                           "12:30:45",
                           "1,234,567.89",
                           "3.14159265358",
                           "978-3-16-148410-0",
                           "order 212-555-0142",
                           "4556 7375 8689 9857",
                           "DE88 3704 0044 0532 0130 00",
                           "1234567890",
                           "+1",
                           "+0 123 456 789",
                           "1+12125550142",
                           "192.168.1.100",
                           "112-555-0142",
                           "212-155-0142",
                           "0.5 0.25 0.125",
                           "10 000 000",
                           "version 2.10.3",
                           "A-212-555-0142",
                           "0-306-40615-2",
                           "2019-2024",
                           "01.01.1970"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
