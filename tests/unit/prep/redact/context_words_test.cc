#include "prep/redact/context_words.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace rowmill {
namespace {

constexpr std::array<std::string_view, 2> kWords = {"ssn", "phone*"};

Context At(const std::string& text) {
  const size_t begin = text.find('9');
  return ContextOf(text, begin, text.rfind('9') + 1, kWords);
}

TEST(ContextWords, TheNearestWordDecides) {
  EXPECT_EQ(At("SSN 99"), Context::kFor);
  EXPECT_EQ(At("my phones: 99"), Context::kFor);
  EXPECT_EQ(At("order 99"), Context::kAgainst);
  EXPECT_EQ(At("ssn of the order 99"), Context::kAgainst);
  EXPECT_EQ(At("order and ssn 99"), Context::kFor);
  EXPECT_EQ(At("99 99"), Context::kNone);
  EXPECT_EQ(At("assn 99"), Context::kNone) << "whole words only";
}

TEST(ContextWords, BehindTheNumberOnlyWordsForItCount) {
  EXPECT_EQ(At("99 (ssn)"), Context::kFor);
  EXPECT_EQ(At("99 order"), Context::kNone);
  EXPECT_EQ(At("order 99 ssn"), Context::kAgainst);
}

TEST(ContextWords, FarAwayIsNoContext) {
  EXPECT_EQ(At("ssn " + std::string(60, ' ') + "99"), Context::kNone);
  EXPECT_EQ(At("99" + std::string(40, ' ') + "ssn"), Context::kNone);
}

}  // namespace
}  // namespace rowmill
