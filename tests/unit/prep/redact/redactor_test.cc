#include "prep/redact/redactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

RedactOptions All() {
  RedactOptions options;
  options.entities = ParseEntities("all");
  return options;
}

const Redactor& AllRedactor() {
  static const Redactor kRedactor(All(), Redactor::Purpose::kRun);
  return kRedactor;
}

std::string Redacted(std::string text) {
  RedactCounts counts;
  AllRedactor().Redact(text, counts);
  return text;
}

TEST(Redactor, ReplacesByName) {
  EXPECT_EQ(Redacted("Ann (ann@example.org, 212-555-0142) paid with 4111 1111 1111 1111."),
            "Ann (<EMAIL_ADDRESS>, <PHONE_NUMBER>) paid with <CREDIT_CARD>.");
  EXPECT_EQ(Redacted("ssh://root:pw1@192.0.2.1/x"), "ssh://<URL_CREDENTIALS>@<IP_ADDRESS>/x");
  EXPECT_EQ(Redacted("nothing here, not even 12 or a@b"), "nothing here, not even 12 or a@b");
}

TEST(Redactor, OverlapsLeaveNoRest) {
  // A token that is the value of an assignment, an address within one.
  EXPECT_EQ(Redacted("token=AKIAABCDEFGHIJKLMN12xyz!"), "token=<SECRET>");
  EXPECT_EQ(Redacted("password=ann@example.org."), "password=<SECRET>.");
}

TEST(Redactor, RedactingAgainChangesNothing) {
  const std::string once = Redacted(
      "a@b.org +44 20 7946 0018 https://u:p1@h.org/ password=abc123 DE89370400440532013000 "
      "00:00:5E:00:53:af SSN 219-09-9999");
  EXPECT_EQ(Redacted(once), once);
  EXPECT_EQ(once,
            "<EMAIL_ADDRESS> <PHONE_NUMBER> https://<URL_CREDENTIALS>@h.org/ password=<SECRET> "
            "<IBAN_CODE> <MAC_ADDRESS> SSN <US_SSN>");
}

TEST(Redactor, CountsByName) {
  RedactCounts counts;
  std::string text = "a@b.org, c@d.org, 192.0.2.1";
  AllRedactor().Redact(text, counts);
  EXPECT_EQ(counts.total(), 3u);
  EXPECT_EQ(counts.by_kind[static_cast<size_t>(Entity::kEmailAddress)], 2u);
  RedactCounts sum;
  sum.Merge(counts);
  sum.Merge(counts);
  EXPECT_EQ(sum.total(), 6u);
}

TEST(Redactor, OnlyWhatIsAskedFor) {
  RedactOptions options;
  options.entities = ParseEntities("mac");
  options.patterns = {"TICKET=T-[0-9]+"};
  const Redactor redactor(options, Redactor::Purpose::kRun);
  std::string text = "a@b.org 192.0.2.1 00:00:5E:00:53:af T-17";
  RedactCounts counts;
  EXPECT_TRUE(redactor.Redact(text, counts));
  EXPECT_EQ(text, "a@b.org 192.0.2.1 <MAC_ADDRESS> <TICKET>");
  EXPECT_EQ(redactor.KindName(kNumEntities), "TICKET");
}

TEST(Redactor, SplitsIntoColumnsOrTextsDoNotMatterForWholeFinds) {
  // The bytes around a find stay as they are, whatever they are.
  EXPECT_EQ(Redacted("ü→a@b.org→ü"), "ü→<EMAIL_ADDRESS>→ü");
}

TEST(Redactor, WhatMakesNoSense) {
  const auto make = [](RedactWay way, const char* key, const char* map) {
    return [=] {
      RedactOptions options = All();
      options.way = way;
      options.key_path = key;
      options.map_path = map;
      Redactor(options, Redactor::Purpose::kRun);
    };
  };
  EXPECT_THAT(make(RedactWay::kHash, "", ""), ThrowsMessage<UsageError>(HasSubstr("--redact-key")));
  EXPECT_THAT(make(RedactWay::kPseudonym, "", ""),
              ThrowsMessage<UsageError>(HasSubstr("--redact-map")));
  EXPECT_THAT(make(RedactWay::kMask, "k", ""), ThrowsMessage<UsageError>(HasSubstr("hash")));
  EXPECT_THAT(make(RedactWay::kMask, "", "m"), ThrowsMessage<UsageError>(HasSubstr("pseudonym")));
  RedactOptions twice;
  twice.patterns = {"X=a", "X=b"};
  EXPECT_THROW(Redactor(twice, Redactor::Purpose::kRun), UsageError);
}

// Texts that are made of what detectors look for. Quadratic work would take hours on these.
TEST(Redactor, HostileTextsTakeLinearTime) {
  for (const std::string_view part : {"a@",          "a.a.",      "1",         "1 ",
                                      "1-",          "://",       "http://a:", "eyJ",
                                      "-----BEGIN ", "password=", "+1",        "(0)",
                                      "::",          "ab:",       "1.1.",      "AA12 ",
                                      "@\"",         "Bearer ",   "9a ",       "\xC3\xBC@"}) {
    std::string text;
    while (text.size() < 2'000'000) text += part;
    const auto start = std::chrono::steady_clock::now();
    RedactCounts counts;
    AllRedactor().Redact(text, counts);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << part;
  }
}

TEST(Redactor, AnyTextIsSafeAndStable) {
  std::mt19937 random(17);
  const std::string_view alphabet = "01459 -.:/@+()=aAbBeExX\"'<>_\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = random() % 60;
    for (size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
    const std::string once = Redacted(text);
    ASSERT_EQ(Redacted(once), once) << "of " << text;
  }
}

}  // namespace
}  // namespace rowmill
