#include "data/csv_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rowmill {
namespace {

using ::testing::ElementsAre;

// All records of `text` as "field|field" with marks, fed in pieces of `chunk` bytes.
std::vector<std::string> Parse(std::string_view text, size_t chunk = SIZE_MAX,
                               const CsvDialect& dialect = {}, const CsvLimits& limits = {}) {
  CsvParser parser(dialect, limits);
  std::vector<std::string> out;
  bool skip_lf = false;
  while (true) {
    if (skip_lf && text.starts_with('\n')) text.remove_prefix(1);
    Record record;
    record.Clear(Format::kCsv);
    parser.Begin(record);
    while (!parser.done() && !text.empty()) {
      text.remove_prefix(parser.Feed(text.substr(0, chunk)));
    }
    if (!parser.done() && !parser.Finish()) return out;
    std::string shown;
    for (size_t i = 0; i < record.num_fields(); ++i) {
      if (i > 0) shown += "|";
      record.AppendFieldBytes(i, shown);
      if (record.fields[i].malformed) shown += "?";
    }
    const CsvRecordState& state = parser.state();
    if (state.is_blank) shown += "(blank)";
    if (parser.in_quotes()) shown += "(open)";
    if (state.over_limit()) shown += "(over " + std::to_string(state.num_fields) + ")";
    shown += " /" + std::to_string(state.num_lines);
    out.push_back(shown);
    skip_lf = state.ended_with_cr;
  }
}

TEST(CsvParserTest, FollowsTheRfc) {
  EXPECT_THAT(Parse("aaa,bbb,ccc\r\nzzz,yyy,xxx"), ElementsAre("aaa|bbb|ccc /1", "zzz|yyy|xxx /0"));
  EXPECT_THAT(Parse("\"aaa\",\"b \r\nbb\",\"c\"\"c\"\r\n"), ElementsAre("aaa|b \r\nbb|c\"c /2"));
  EXPECT_THAT(Parse("a,,\n"), ElementsAre("a|| /1"));
  EXPECT_THAT(Parse("a,"), ElementsAre("a| /0"));
  EXPECT_THAT(Parse("\"\""), ElementsAre(" /0"));
  EXPECT_THAT(Parse("\"a,b\",c\n"), ElementsAre("a,b|c /1"));
  EXPECT_THAT(Parse(""), ElementsAre());
}

TEST(CsvParserTest, TakesEveryLineEnd) {
  EXPECT_THAT(Parse("a\nb\r\nc\rd\r\r\n\ne"),
              ElementsAre("a /1", "b /1", "c /1", "d /1", "(blank) /1", "(blank) /1", "e /0"));
  EXPECT_THAT(Parse("\"x\ry\nz\r\nw\"\n"), ElementsAre("x\ry\nz\r\nw /4"));
}

TEST(CsvParserTest, FixesWhatTheRfcLeavesOpen) {
  EXPECT_THAT(Parse("\"a\"b,c\n"), ElementsAre("\"a\"b?|c /1"));
  EXPECT_THAT(Parse("a\"b,c\n"), ElementsAre("a\"b?|c /1"));
  EXPECT_THAT(Parse(" \"a\",b\n"), ElementsAre(" \"a\"?|b /1"));
  EXPECT_THAT(Parse("\"a\"b\"c,d\nnext\n"), ElementsAre("\"a\"b\"c?|d /1", "next /1"));
  EXPECT_THAT(Parse("ok\n\"open,\nmore\n"), ElementsAre("ok /1", "\"open,\nmore\n(open) /2"));
}

TEST(CsvParserTest, HasDialects) {
  EXPECT_THAT(Parse("a\t\"b\tc\"\n", SIZE_MAX, {'\t', true}), ElementsAre("a|b\tc /1"));
  EXPECT_THAT(Parse("a\t\"b\tc\"\n", SIZE_MAX, {'\t', false}), ElementsAre("a|\"b|c\" /1"));
  EXPECT_THAT(Parse("a;b,c\n", SIZE_MAX, {';', true}), ElementsAre("a|b,c /1"));
}

TEST(CsvParserTest, LimitsDropBytesAndKeepTheStructure) {
  const CsvLimits limits = {.max_field_bytes = 5, .max_record_bytes = 12, .max_columns = 4};
  EXPECT_THAT(Parse("12345,a\n123456,a\nb\n", SIZE_MAX, {}, limits),
              ElementsAre("12345|a /1", "(over 2) /1", "b /1"));
  EXPECT_THAT(Parse("\"1\n3,\"\"\n6\",a\nb\n", SIZE_MAX, {}, limits),
              ElementsAre("(over 2) /3", "b /1"));
  EXPECT_THAT(Parse("1234,1234,1234\n1234,1234,12345\n", SIZE_MAX, {}, limits),
              ElementsAre("1234|1234|1234 /1", "(over 3) /1"));
  EXPECT_THAT(Parse("1,2,3,4\n1,2,3,4,5\nb\n", SIZE_MAX, {}, limits),
              ElementsAre("1|2|3|4 /1", "(over 5) /1", "b /1"));
}

// The same records whatever the pieces, for texts that are dense in the characters that matter.
TEST(CsvParserTest, CutsBetweenPiecesChangeNothing) {
  std::mt19937 random(3);
  const CsvLimits limits = {.max_field_bytes = 6, .max_record_bytes = 14, .max_columns = 5};
  for (int round = 0; round < 4000; ++round) {
    std::string text(random() % 40, ' ');
    constexpr std::string_view kBytes = "a,\"\n\r\"x";
    for (char& c : text) c = kBytes[random() % kBytes.size()];
    const std::vector<std::string> whole = Parse(text);
    const std::vector<std::string> limited = Parse(text, SIZE_MAX, {}, limits);
    for (const size_t chunk : {1, 2, 3, 7}) {
      ASSERT_EQ(Parse(text, chunk), whole) << "round " << round << " chunk " << chunk;
      ASSERT_EQ(Parse(text, chunk, {}, limits), limited) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace rowmill
