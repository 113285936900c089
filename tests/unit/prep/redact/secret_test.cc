#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindSecrets, text); }

// Put together here, so that nobody who scans the source for secrets is alarmed.
const std::string kAwsKey = std::string("AKIA") + "IOSFODNN7EXAMPLE";

TEST(Secret, KnownBeginnings) {
  EXPECT_THAT(In("key " + kAwsKey + "."), ElementsAre("SECRET " + kAwsKey));
  const std::string github = "ghp_" + std::string(20, 'a') + std::string(16, '1');
  EXPECT_THAT(In("(" + github + ")"), ElementsAre("SECRET " + github));
  EXPECT_THAT(In("ghp_short1"), IsEmpty());
  EXPECT_THAT(In("x" + kAwsKey), IsEmpty());
  EXPECT_THAT(In("sk-" + std::string(40, 'a')), IsEmpty()) << "a word without a digit";
}

// The example of RFC 7519, section 3.1.
TEST(Secret, JsonWebToken) {
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_THAT(In("It is " + token + "."), ElementsAre("SECRET " + token));
  EXPECT_THAT(In("eyJ0eXAiOiJKV1QiLA0K alone"), IsEmpty());
}

TEST(Secret, PrivateKeys) {
  const std::string begin = "-----BEGIN EC PRIVATE KEY-----\n";
  const std::string end = "-----END EC PRIVATE KEY-----";
  EXPECT_THAT(In("a\n" + begin + "MHQCAQEE\n" + end + "\nb"),
              ElementsAre("SECRET " + begin + "MHQCAQEE\n" + end));
  EXPECT_THAT(In(begin + "MHQCAQEE\n"), ElementsAre("SECRET " + begin + "MHQCAQEE\n"));
  EXPECT_THAT(In("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"), IsEmpty());
}

TEST(Secret, WhatIsCalledASecret) {
  EXPECT_THAT(In("password=hunter2&x=1"), ElementsAre("SECRET hunter2"));
  EXPECT_THAT(In("{\"api_key\": \"abcd-efgh\"}"), ElementsAre("SECRET abcd-efgh"));
  EXPECT_THAT(In("my Password: Tr0ub4dor&3"), ElementsAre("SECRET Tr0ub4dor"));
  EXPECT_THAT(In("AWS_SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG'"),
              ElementsAre("SECRET wJalrXUtnFEMI/K7MDENG"));
  EXPECT_THAT(In("Authorization: Bearer mF_9.B5f-4.1JqM1234"),
              ElementsAre("SECRET mF_9.B5f-4.1JqM1234"));
  for (const char* text :
       {"the password: please change it", "password=<SECRET>", "token: soon", "password={{value}}",
        "passwordless: yes12345", "key=value", "Bearer of bad news"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
