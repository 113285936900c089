#include "data/csv_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorText;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Options;
using testing::ReadRows;
using testing::SourceOver;
using ::testing::StartsWith;

std::vector<std::string> Rows(std::string_view text) {
  return ReadRows(text, Options(Format::kCsv));
}

TEST(CsvSourceTest, ReadsRowsUnderTheirColumns) {
  EXPECT_THAT(Rows("id,text\n1,hello\n2,\"a,\nb\"\n3,\n"),
              ElementsAre("0 @2+8 <id=1> <text=hello>", "1 @3+16 <id=2> <text=a,\nb>",
                          "2 @5+25 <id=3> <text=>"));
}

// D01.
TEST(CsvSourceTest, EmptyFilesHaveNoRows) {
  EXPECT_THAT(Rows(""), IsEmpty());
  EXPECT_THAT(Rows("\n\r\n\r"), IsEmpty());
  EXPECT_THAT(Rows("id,text\n"), IsEmpty());
  EXPECT_THAT(SourceOver("", Options(Format::kCsv))->columns().names(), IsEmpty());
}

TEST(CsvSourceTest, BlankLinesAreRowsOnlyInAFileOfOneColumn) {
  EXPECT_THAT(Rows("a,b\n\n1,2\n\n"), ElementsAre("0 @3+5 <a=1> <b=2>"));
  EXPECT_THAT(Rows("a\n\n1\n"), ElementsAre("0 @2+2 <a=>", "1 @3+3 <a=1>"));
}

// D02.
TEST(CsvSourceTest, TheLastLineMayLackItsEndButNotItsColumns) {
  EXPECT_THAT(Rows("a,b\n1,2"), ElementsAre("0 @2+4 <a=1> <b=2>"));
  EXPECT_THAT(Rows("a,b\n1,2\n3"),
              ElementsAre("0 @2+4 <a=1> <b=2>",
                          "1 @3+8 <a=3> !the last line is torn: it has 1 column where there should "
                          "be 2"));
}

// D03 and D16.
TEST(CsvSourceTest, TakesEveryLineEndAndByteOrderMarks) {
  EXPECT_THAT(Rows("\xef\xbb\xbf"
                   "a,b\r\n1,2\r3,4\n\"5\r\",\"\r\n6\"\r\n7,8"),
              ElementsAre("0 @2+8 <a=1> <b=2>", "1 @3+12 <a=3> <b=4>", "2 @4+16 <a=5\r> <b=\r\n6>",
                          "3 @7+28 <a=7> <b=8>"));
}

// D04, as the design has it.
TEST(CsvSourceTest, BadTextIsRepaired) {
  EXPECT_THAT(Rows("a\nx\xc3\n"), ElementsAre("0 @2+2 <a=x\xef\xbf\xbd> repaired"));
}

// D15.
TEST(CsvSourceTest, BrokenRowsNameTheirReason) {
  EXPECT_THAT(Rows("a,b\n1\n1,2,3\n\"a\"b,2\nx,5\" pipe\n1,2\n"),
              ElementsAre("0 @2+4 <a=1> !missing columns: 1 column where there should be 2",
                          "1 @3+6 <a=1> <b=2> !too many columns: 3 columns where there should be 2",
                          StartsWith("2 @4+12 <a=\"a\"b> <b=2> !unquoted value: column 1"),
                          StartsWith("3 @5+19 <a=x> <b=5\" pipe> !unquoted value: column 2"),
                          "4 @6+29 <a=1> <b=2>"));
}

// D14.
TEST(CsvSourceTest, AnOpenQuoteEndsReadingWithItsLine) {
  EXPECT_THAT(Rows("a,b\n1,2\n3,\"x\n4,5\n6,7\n"),
              ElementsAre("0 @2+4 <a=1> <b=2>",
                          AllOf(StartsWith("damage: 'memory': a quote that opens in line 3"),
                                HasSubstr("never closed"))));
  EXPECT_THAT(Rows("a,b\n\"1\n2\",\"x\n4,5\n"),
              ElementsAre(HasSubstr("a quote that opens in line 3")));
  EXPECT_THAT(Rows("a,\"b\n1,2\n"),
              ElementsAre(AllOf(StartsWith("DataError"), HasSubstr("line 1"))));
}

TEST(CsvSourceTest, LimitsKeepTheRowsBehind) {
  SourceOptions options = Options(Format::kCsv);
  options.csv = {.max_field_bytes = 4, .max_record_bytes = 6, .max_columns = 3};
  EXPECT_THAT(ReadRows("a,b\n1234,5\n12345,6\n\"1\n\n\n5\",7\n123,4567\n8,9\n", options),
              ElementsAre("0 @2+4 <a=1234> <b=5>",
                          "1 @3+11 !line size: a field is longer than the limit of 4 bytes",
                          "2 @4+19 !line size: a field is longer than the limit of 4 bytes",
                          "3 @8+29 !line size: the row is longer than the limit of 6 bytes",
                          "4 @9+38 <a=8> <b=9>"));
  // A quote that is never closed is damage also where its field is far beyond the limit.
  EXPECT_THAT(ReadRows("a,b\n1,2\n3,\"" + std::string(100'000, 'x'), options),
              ElementsAre("0 @2+4 <a=1> <b=2>", HasSubstr("a quote that opens in line 3")));
}

// D17.
TEST(CsvSourceTest, HeadersThatNameNothingAreRefused) {
  EXPECT_THAT(Rows("a,b,a\n1,2,3\n"),
              ElementsAre(AllOf(StartsWith("DataError"), HasSubstr("columns 1 and 3"))));
  EXPECT_THAT(Rows("a,,c\n"), ElementsAre(HasSubstr("column 2 has no name")));
  EXPECT_THAT(Rows("a,\"b\"x\n"), ElementsAre(HasSubstr("the name of column 2 has a quote")));
  EXPECT_THAT(Rows("id;text\n1;x\n"),
              ElementsAre(AllOf(HasSubstr("';'"), HasSubstr("--delimiter"))));
  EXPECT_THAT(Rows("id\ttext\n1\tx\n"), ElementsAre(HasSubstr("a tab")));
  EXPECT_THAT(ReadRows("id,text\n", Options(Format::kTsv)), ElementsAre(HasSubstr("','")));
  std::string wide = "c0";
  for (int i = 1; i < 200'000; ++i) wide += ",c" + std::to_string(i);
  EXPECT_THAT(Rows(wide + "\n"), ElementsAre(HasSubstr("more than 16384 columns")));
}

TEST(CsvSourceTest, TheWidestHeaderIsRead) {
  std::string wide = "c0";
  for (int i = 1; i < 16'384; ++i) wide += ",c" + std::to_string(i);
  EXPECT_EQ(SourceOver(wide + "\n", Options(Format::kCsv))->columns().size(), 16'384u);
  EXPECT_THAT(Rows(wide + ",c16384\n"), ElementsAre(HasSubstr("more than 16384 columns")));
}

TEST(CsvSourceTest, DialectsAreOptions) {
  SourceOptions options = Options(Format::kCsv);
  options.delimiter = ';';
  EXPECT_THAT(ReadRows("a;b\n1,5;2\n", options), ElementsAre("0 @2+4 <a=1,5> <b=2>"));
  options = Options(Format::kTsv);
  EXPECT_THAT(ReadRows("a\tb\n1\t\"x\ty\"\n", options), ElementsAre("0 @2+4 <a=1> <b=x\ty>"));
  options.has_quotes = false;
  EXPECT_THAT(ReadRows("a\tb\n1\t\"x\n", options), ElementsAre("0 @2+4 <a=1> <b=\"x>"));
  options.delimiter = '"';
  EXPECT_THAT(ErrorText<UsageError>([&] { SourceOver("a\n", options); }), HasSubstr("delimiter"));
}

TEST(CsvSourceTest, WithoutHeaderTheFirstRecordIsARow) {
  SourceOptions options = Options(Format::kTsv);
  options.header = HeaderMode::kNone;
  const auto source = SourceOver("\n0\tbad film\n1\tgood; film\n2\n", options);
  EXPECT_THAT(source->columns().names(), ElementsAre("column1", "column2"));
  const std::vector<std::string> rows = ReadRows(*source);
  EXPECT_THAT(rows, ElementsAre("0 @2+1 <column1=0> <column2=bad film>",
                                "1 @3+12 <column1=1> <column2=good; film>",
                                HasSubstr("2 @4+25 <column1=2> !missing columns")));
  source->Rewind();
  EXPECT_EQ(ReadRows(*source), rows);
  EXPECT_THAT(ReadRows("a;b\n",
                       [] {
                         SourceOptions one = Options(Format::kCsv);
                         one.header = HeaderMode::kNone;
                         return one;
                       }()),
              ElementsAre("0 @1+0 <column1=a;b>"));
}

TEST(CsvSourceTest, ASecondPassGivesTheSameRows) {
  for (const std::string_view text : {"a,b\r1,2\r\n3\n", "a,b\n1,2\n\"open", "\n\na,b\n\n5,6"}) {
    const auto source = SourceOver(text, Options(Format::kCsv));
    const std::vector<std::string> first = ReadRows(*source);
    EXPECT_FALSE(first.empty());
    source->Rewind();
    EXPECT_EQ(ReadRows(*source), first);
  }
}

constexpr std::string_view kSmallFile =
    "\xef\xbb\xbfid,text,\"n,\"\r\n1,\"a \"\"b\"\",\r\nc\",2\r3,x\xff,\"\"\n\n\"q\"z,1\n4,,";

TEST(CsvSourceTest, CutsBetweenPiecesChangeNothing) {
  const std::vector<std::string> whole = Rows(kSmallFile);
  EXPECT_EQ(whole.size(), 4u);
  for (size_t chunk = 1; chunk < kSmallFile.size(); ++chunk) {
    EXPECT_EQ(ReadRows(kSmallFile, Options(Format::kCsv), chunk), whole) << chunk;
  }
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string text = "a,b\n";
    for (size_t i = random() % 40; i > 0; --i) text += "x,\"\n\r\xff"[random() % 6];
    const std::vector<std::string> rows = Rows(text);
    for (const size_t chunk : {1, 2, 5}) {
      ASSERT_EQ(ReadRows(text, Options(Format::kCsv), chunk), rows) << "round " << round;
    }
  }
}

// Cut at every byte: all rows before the cut are the same, except that a cut may fall into the last
// one, and into an open quote, which is damage.
TEST(CsvSourceTest, CutAtEveryByte) {
  const std::vector<std::string> whole = Rows(kSmallFile);
  for (size_t size = 0; size < kSmallFile.size(); ++size) {
    const std::vector<std::string> rows = Rows(kSmallFile.substr(0, size));
    ASSERT_LE(rows.size(), whole.size()) << size;
    for (size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i], whole[i]) << size;
  }
}

}  // namespace
}  // namespace rowmill
