#include "recommend/ratings_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const RatingColumns kAll = {"u", "i", "r", "t"};

Ratings Read(std::string_view bytes, const RatingColumns& columns, Format format = Format::kCsv,
             const ReadLimits& limits = {}) {
  return ReadRatings(*testing::SourceOver(bytes, testing::Options(format)), columns, limits);
}

TEST(RatingsReader, OrdersByTimeAndNumbersByAppearance) {
  const Ratings ratings = Read("u,i,r,t\nann,x,5,30\nbob,y,1,1\nann,y,4,10\nann,z,3,20\n", kAll);
  EXPECT_EQ(ratings.users.name(0), "ann");
  EXPECT_EQ(ratings.items.name(2), "z");
  EXPECT_THAT(ratings.interactions.ItemsOf(0), ElementsAre(1, 2, 0));
  EXPECT_THAT(ratings.interactions.RatingsOf(0), ElementsAre(4, 3, 5));
  EXPECT_EQ(ratings.interactions.num_items, 3u);
  EXPECT_EQ(ratings.num_invalid, 0u);
}

TEST(RatingsReader, EqualTimesKeepTheOrderOfRows) {
  const Ratings ratings = Read("u,i,r,t\na,x,1,7\na,y,1,7\na,z,1,7\n", kAll);
  EXPECT_THAT(ratings.interactions.ItemsOf(0), ElementsAre(0, 1, 2));
}

TEST(RatingsReader, ALaterRatingOfTheSamePairReplacesTheEarlier) {
  const Ratings ratings = Read("u,i,r,t\na,x,1,9\na,y,2,5\na,x,3,1\n", kAll);
  EXPECT_THAT(ratings.interactions.ItemsOf(0), ElementsAre(1, 0));
  EXPECT_THAT(ratings.interactions.RatingsOf(0), ElementsAre(2, 1));
  EXPECT_EQ(ratings.num_repeated, 1u);
}

TEST(RatingsReader, WithoutRatingsAndTimes) {
  const Ratings ratings = Read("{\"u\": 1, \"i\": \"b\"}\n{\"u\": \"1\", \"i\": \"a\"}\n",
                               {"u", "i", "", ""}, Format::kJsonl);
  EXPECT_EQ(ratings.users.size(), 1u);  // 1 and "1" are the same user
  EXPECT_THAT(ratings.interactions.ItemsOf(0), ElementsAre(0, 1));
  EXPECT_THAT(ratings.interactions.RatingsOf(0), ElementsAre(1, 1));
}

TEST(RatingsReader, BrokenRowsAreCountedAndTheFirstIsKept) {
  const Ratings ratings = Read(
      "u,i,r,t\n"
      "a,x,5,1\n"
      ",x,5,1\n"           // no user
      "a,,5,1\n"           // no item
      "a,y,five,1\n"       // no rating
      "a,y,nan,1\n"        //
      "a,y,1e300,1\n"      //
      "a,y,5,yesterday\n"  // no time
      "a,y\n"              // too few fields
      "eve,y,?,1\n",       // a user of whom nothing is usable
      kAll);
  EXPECT_EQ(ratings.num_rows, 9u);
  EXPECT_EQ(ratings.num_invalid, 8u);
  ASSERT_TRUE(ratings.first_problem);
  EXPECT_EQ(ratings.first_problem->line, 3u);
  EXPECT_EQ(ratings.first_problem->what, "column 'u' is empty");
  EXPECT_EQ(ratings.users.size(), 2u);
  EXPECT_THAT(ratings.interactions.ItemsOf(0), ElementsAre(0));
  EXPECT_THAT(ratings.interactions.ItemsOf(1), IsEmpty());
  EXPECT_EQ(ratings.items.size(), 1u);  // none that only broken rows name
}

TEST(RatingsReader, ListsAreNoNames) {
  const Ratings ratings =
      Read("{\"u\": [1], \"i\": 2}\n{\"u\": 1, \"i\": {}}\n{\"u\": 1, \"i\": 2}\nbroken\n",
           {"u", "i", "", ""}, Format::kJsonl);
  EXPECT_EQ(ratings.num_invalid, 3u);
  EXPECT_EQ(ratings.interactions.size(), 1u);
}

TEST(RatingsReader, MissingColumnsAreSaidWithASuggestion) {
  const auto error = [](Format format, std::string_view bytes) {
    return testing::ErrorText<UsageError>([&] { Read(bytes, {"user", "item", "", ""}, format); });
  };
  EXPECT_THAT(error(Format::kCsv, "users,item\na,b\n"), HasSubstr("users"));
  EXPECT_THAT(error(Format::kJsonl, "{\"users\": 1, \"item\": 2}\n"), HasSubstr("--user"));
}

TEST(RatingsReader, NothingUsableIsAnErrorThatSaysWhy) {
  const std::string error = testing::ErrorText<DataError>([] { Read("u,i,r,t\na,x,?,1\n", kAll); });
  EXPECT_THAT(error, HasSubstr("no usable rating among 1 row"));
  EXPECT_THAT(error, HasSubstr("is no rating"));
}

TEST(RatingsReader, LimitTakesTheFirstRows) {
  ReadLimits limits;
  limits.rows = 2;
  EXPECT_EQ(
      Read("u,i,r,t\na,x,1,1\na,y,1,2\na,z,1,3\n", kAll, Format::kCsv, limits).interactions.size(),
      2u);
}

TEST(RatingsReader, CutAtEveryByteNothingButErrorsOfOurs) {
  const std::string whole = "u,i,r,t\n\"a\",x,5,2020-01-02T03:04:05.5+02:00\r\nb,\"y,z\",-1,3e2\n";
  for (size_t size = 0; size <= whole.size(); ++size) {
    try {
      const Ratings ratings = Read(std::string_view(whole).substr(0, size), kAll);
      EXPECT_LE(ratings.interactions.size(), 2u);
    } catch (const Error&) {
      // A header cut short, or nothing usable.
    }
  }
}

TEST(ParseTime, DatesInOrder) {
  EXPECT_EQ(ParseTime("1970-01-01"), 0.0);
  EXPECT_EQ(ParseTime("1970-01-02T00:00:01Z"), 86401.0);
  EXPECT_EQ(ParseTime("1970-01-01 02:00:00+02:00"), 0.0);
  EXPECT_EQ(ParseTime("1969-12-31T22:30-0130"), 0.0);
  EXPECT_EQ(ParseTime("2000-02-29"), 951782400.0);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.25"), 0.25);
  EXPECT_EQ(ParseTime("881250949"), 881250949.0);
  EXPECT_EQ(ParseTime("-1.5"), -1.5);
}

TEST(ParseTime, OtherTextsAreNone) {
  for (const char* text :
       {"", "x", "2001-02-29", "2001-13-01", "2001-1-1", "2001-01-01T", "2001-01-01T25:00",
        "2001-01-01T10:60", "2001-01-01T10:00:00.", "2001-01-01T10:00Z ", "2001-01-01T10:00+2",
        "inf", "nan", "1e999", "1 2", "0x10", "++1"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace rowmill
