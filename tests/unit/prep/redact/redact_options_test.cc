#include "prep/redact/redact_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(RedactOptions, FamiliesAndNames) {
  EXPECT_EQ(EntitiesText(ParseEntities("email")), "EMAIL_ADDRESS");
  EXPECT_EQ(EntitiesText(ParseEntities(" US_SSN , card")), "CREDIT_CARD,US_SSN");
  EXPECT_EQ(EntitiesText(ParseEntities("")), "none");
  EXPECT_EQ(EntitiesText(ParseEntities("none")), "none");
  const EntitySet all = ParseEntities("all");
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](bool on) { return on; }));
  for (const std::string_view family : EntityFamilies()) {
    EXPECT_NE(EntitiesText(ParseEntities(family)), "none") << family;
  }
}

TEST(RedactOptions, UnknownWords) {
  EXPECT_THAT([] { ParseEntities("emial"); },
              ThrowsMessage<UsageError>(HasSubstr("did you mean 'email'")));
  EXPECT_THAT([] { ParseEntities("email,,card"); }, ThrowsMessage<UsageError>(HasSubstr("''")));
}

TEST(RedactOptions, PatternsAloneAreEnough) {
  RedactOptions options;
  EXPECT_FALSE(options.any());
  options.patterns = {"X=y"};
  EXPECT_TRUE(options.any());
}

}  // namespace
}  // namespace rowmill
