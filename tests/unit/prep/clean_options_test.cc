#include "prep/clean_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(std::string_view value) {
  try {
    ParseCleanOptions(value);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(CleanOptionsTest, WordsSwitchStepsOn) {
  EXPECT_EQ(ParseCleanOptions("html,space"), (CleanOptions{.html = true, .space = true}));
  EXPECT_EQ(ParseCleanOptions(" nfc , control "), (CleanOptions{.control = true, .nfc = true}));
  EXPECT_EQ(ParseCleanOptions("all"), (CleanOptions{true, true, true, true}));
  EXPECT_EQ(ParseCleanOptions("space,all"), (CleanOptions{true, true, true, true}));
  EXPECT_EQ(ParseCleanOptions("none"), CleanOptions());
  EXPECT_EQ(ParseCleanOptions(""), CleanOptions());
}

TEST(CleanOptionsTest, TheTextIsTheSameForAnyOrder) {
  EXPECT_EQ(CleanOptionsText(ParseCleanOptions("space,html")), "html,space");
  EXPECT_EQ(CleanOptionsText(ParseCleanOptions("html,space,html")), "html,space");
  EXPECT_EQ(CleanOptionsText(CleanOptions()), "none");
  EXPECT_EQ(ParseCleanOptions(CleanOptionsText(ParseCleanOptions("all"))),
            ParseCleanOptions("all"));
}

TEST(CleanOptionsTest, UnknownWordsAreRefusedWithTheNearest) {
  EXPECT_THAT(ErrorOf("htlm"),
              AllOf(HasSubstr("--clean"), HasSubstr("'htlm'"), HasSubstr("did you mean 'html'")));
  EXPECT_THAT(ErrorOf("html,spce"), HasSubstr("did you mean 'space'"));
  EXPECT_THAT(ErrorOf("html,,space"), HasSubstr("unknown word ''"));
  EXPECT_THAT(ErrorOf("html,none"), HasSubstr("stands alone"));
  EXPECT_THAT(ErrorOf("dedupe"), AllOf(HasSubstr("known are html, control, nfc, space"),
                                       ::testing::Not(HasSubstr("did you mean"))));
}

}  // namespace
}  // namespace rowmill
