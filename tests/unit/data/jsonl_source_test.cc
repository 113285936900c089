#include "data/jsonl_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Options;
using testing::ReadRows;
using testing::SourceOver;

std::vector<std::string> Rows(std::string_view text) {
  return ReadRows(text, Options(Format::kJsonl));
}

// D01.
TEST(JsonlSourceTest, BlankLinesAreNoRows) {
  EXPECT_THAT(Rows(""), IsEmpty());
  EXPECT_THAT(Rows("\n\n \t \r\n"), IsEmpty());
  EXPECT_THAT(Rows("\n{\"a\":1}\n\n{\"a\":2}\n"),
              ElementsAre("0 @2+1 <a=1>a number", "1 @4+10 <a=2>a number"));
}

// D02.
TEST(JsonlSourceTest, TheLastLineMayLackItsEndButNotItsObject) {
  EXPECT_THAT(Rows("{\"a\":\"x\"}"), ElementsAre("0 @1+0 <a=x>"));
  EXPECT_THAT(Rows("{\"a\":\"x\"}\n{\"a\":\"y"),
              ElementsAre("0 @1+0 <a=x>", HasSubstr("1 @2+10 !the last line is torn")));
  EXPECT_THAT(Rows("{\"a\":\"y\n"), ElementsAre(HasSubstr("not valid JSON")));
}

// D03.
TEST(JsonlSourceTest, TakesByteOrderMarksAndCrlf) {
  EXPECT_THAT(Rows("\xef\xbb\xbf{\"a\":\"x\"}\r\n{\"a\":\"y\"}\r\n"),
              ElementsAre("0 @1+3 <a=x>", "1 @2+14 <a=y>"));
}

// D04, as the design has it: the row is fine, with U+FFFD.
TEST(JsonlSourceTest, BadTextIsRepaired) {
  EXPECT_THAT(Rows("{\"a\":\"x\xff\"}\n{\"a\":\"\\ud800\"}\n{\"a\":\"ok\"}\n"),
              ElementsAre("0 @1+0 <a=x\xef\xbf\xbd> repaired", "1 @2+11 <a=\xef\xbf\xbd> repaired",
                          "2 @3+26 <a=ok>"));
  EXPECT_THAT(Rows(std::string_view("{\"a\":\"\0\"}\n", 10)),
              ElementsAre("0 @1+0 <a=\xef\xbf\xbd> repaired"));
}

// D05, with the limit lowered: at limit - 1, limit and limit + 1.
TEST(JsonlSourceTest, LongLinesArePassedOver) {
  SourceOptions options = Options(Format::kJsonl);
  options.max_line_bytes = 10;
  EXPECT_THAT(ReadRows("{\"a\":\"1\"}\n{\"a\":\"12\"}\n{\"a\":\"123\"}\n{\"a\":2}\n", options),
              ElementsAre("0 @1+0 <a=1>", "1 @2+10 <a=12>",
                          "2 @3+21 !line size: longer than the limit of 10 bytes",
                          "3 @4+33 <a=2>a number"));
}

// D06 and D07.
TEST(JsonlSourceTest, BrokenRowsNameTheirReason) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + "\n";
  EXPECT_THAT(Rows(deep), ElementsAre("0 @1+0 !nested deeper than 64 levels"));
  EXPECT_THAT(Rows("[1,2]\n\"text\"\n{\"a\":1,\"a\":2}\n{\"a\":NaN}\n"),
              ElementsAre(HasSubstr("!the line is an array"), HasSubstr("!the line is a string"),
                          HasSubstr("!a name stands twice"), HasSubstr("!not valid JSON")));
}

TEST(JsonlSourceTest, EqualRowsHaveEqualProblemsWhereverTheyStand) {
  const auto source =
      SourceOver("{\"a\":1}\n{oops}\n{\"b\":2}\n\n{oops}\n", Options(Format::kJsonl));
  std::vector<std::string> problems;
  Record record;
  while (source->Next(record)) problems.push_back(record.problem);
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_NE(problems[1], "");
  EXPECT_EQ(problems[1], problems[3]);
}

TEST(JsonlSourceTest, CollectsColumnsByFirstAppearance) {
  const auto source = SourceOver("{\"b\":1,\"a\":2}\n{\"a\":1}\n{bad\n{\"c\":1,\"b\":2,\"\":3}\n",
                                 Options(Format::kJsonl));
  EXPECT_THAT(source->columns().names(), IsEmpty());
  ReadRows(*source);
  EXPECT_THAT(source->columns().names(), ElementsAre("b", "a", "c", ""));
  EXPECT_FALSE(source->columns_overflowed());
  source->Rewind();
  ReadRows(*source);
  EXPECT_THAT(source->columns().names(), ElementsAre("b", "a", "c", ""));
}

TEST(JsonlSourceTest, RemembersReservedNamesAmongTooManyOthers) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"key" + std::to_string(i) + "\":0}\n";
  text += "{\"label\":1}\n{\"rowmill_rowmill_label\":1}\n{\"rowmill_other\":1}\n";
  SourceOptions options = Options(Format::kJsonl);
  options.reserved_names = {"label"};
  const auto source = SourceOver(text, options);
  ReadRows(*source);
  EXPECT_TRUE(source->columns_overflowed());
  EXPECT_EQ(source->columns().size(), 16'384u + 2);
  EXPECT_TRUE(source->columns().Find("label").has_value());
  EXPECT_TRUE(source->columns().Find("rowmill_rowmill_label").has_value());
  EXPECT_FALSE(source->columns().Find("rowmill_other").has_value());
}

TEST(JsonlSourceTest, ASecondPassGivesTheSameRows) {
  const auto source =
      SourceOver("\xef\xbb\xbf{\"a\":1}\n[]\n\n{\"a\":\"torn", Options(Format::kJsonl));
  const std::vector<std::string> first = ReadRows(*source);
  EXPECT_EQ(first.size(), 3u);
  source->Rewind();
  EXPECT_EQ(ReadRows(*source), first);
}

constexpr std::string_view kSmallFile =
    "\xef\xbb\xbf{\"a\":\"x\\n\",\"b\":[1,2]}\r\n\n{\"a\":\"\xc3\xa9\xff\",\"a\":1}\n[]\n"
    "{\"a\":\"\\ud83d\\ude00\",\"n\":1e5}";

TEST(JsonlSourceTest, CutsBetweenPiecesChangeNothing) {
  const std::vector<std::string> whole = Rows(kSmallFile);
  EXPECT_EQ(whole.size(), 4u);
  for (size_t chunk = 1; chunk < kSmallFile.size(); ++chunk) {
    EXPECT_EQ(ReadRows(kSmallFile, Options(Format::kJsonl), chunk), whole) << chunk;
  }
}

// Cut at every byte: the rows before the cut are the same; at most one row more, torn or whole.
TEST(JsonlSourceTest, CutAtEveryByte) {
  const std::vector<std::string> whole = Rows(kSmallFile);
  for (size_t size = 0; size < kSmallFile.size(); ++size) {
    const std::string cut(kSmallFile.substr(0, size));
    const std::vector<std::string> rows = Rows(cut);
    const size_t lines = static_cast<size_t>(std::count(cut.begin(), cut.end(), '\n'));
    ASSERT_LE(rows.size(), lines + 1) << size;
    for (size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i], whole[i]) << size;
  }
}

}  // namespace
}  // namespace rowmill
