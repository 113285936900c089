#include "data/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using testing::Options;
using testing::ReadRows;
using testing::SourceOver;

const std::vector<std::string> kTaskColumns = {"label", "probability"};

OutputSchema SchemaFor(const Source& source) {
  return ResolveOutputSchema(source.columns().names(), kTaskColumns);
}

// Reads `input`, answers every sound row with pos and 0.5, and writes the whole.
std::string Convert(std::string_view input, const SourceOptions& from, const SinkOptions& to) {
  const auto source = SourceOver(input, from);
  Record record;
  while (source->Next(record)) {
  }
  source->Rewind();
  std::string out;
  StringByteSink bytes(out);
  const auto sink = MakeSink(to, SchemaFor(*source), bytes);
  const std::vector<Cell> answer = {std::string("pos"), 0.5};
  while (source->Next(record)) {
    OutputRow row;
    if (record.problem.empty()) {
      row.cells = answer;
    } else {
      row.status = RowStatus::kInvalid;
      row.error = record.problem;
    }
    sink->Write(record, row);
  }
  sink->Finish();
  EXPECT_EQ(sink->num_bytes(), out.size());
  EXPECT_EQ(sink->num_rows(), source->num_rows());
  return out;
}

std::string ToJsonl(std::string_view input, Format from) {
  return Convert(input, Options(from), {.format = Format::kJsonl});
}

TEST(JsonlSinkTest, KeepsTheObjectsOwnText) {
  EXPECT_EQ(ToJsonl("{\"id\": 7, \"text\": \"caf\\u00e9\" }\n", Format::kJsonl),
            "{\"id\": 7, \"text\": \"caf\\u00e9\",\"label\":\"pos\",\"probability\":0.5,"
            "\"status\":\"ok\",\"error\":\"\" }\n");
  EXPECT_EQ(ToJsonl(" {} \r\n", Format::kJsonl),
            "{\"label\":\"pos\",\"probability\":0.5,\"status\":\"ok\",\"error\":\"\"}\n");
  EXPECT_EQ(ToJsonl("{ }", Format::kJsonl),
            "{\"label\":\"pos\",\"probability\":0.5,\"status\":\"ok\",\"error\":\"\" }\n");
}

TEST(JsonlSinkTest, RowsThatAreNoObjectsHaveOurKeysAlone) {
  EXPECT_EQ(ToJsonl("[1]\n", Format::kJsonl),
            "{\"label\":null,\"probability\":null,\"status\":\"invalid\","
            "\"error\":\"the line is an array, not a JSON object\"}\n");
  // An object whose fault lies elsewhere keeps its text.
  EXPECT_EQ(ToJsonl("{\"a\":1,\"a\":2}\n", Format::kJsonl),
            "{\"a\":1,\"a\":2,\"label\":null,\"probability\":null,\"status\":\"invalid\","
            "\"error\":\"a name stands twice in the object\"}\n");
}

TEST(JsonlSinkTest, BadTextBecomesTheReplacementCharacter) {
  EXPECT_EQ(ToJsonl("{\"a\":\"x\xff\\ud800\"}\n", Format::kJsonl),
            "{\"a\":\"x\xef\xbf\xbd\\ufffd\",\"label\":\"pos\",\"probability\":0.5,"
            "\"status\":\"ok\",\"error\":\"\"}\n");
}

TEST(JsonlSinkTest, ClashesAreResolvedForTheWholeInput) {
  EXPECT_EQ(
      ToJsonl("{\"a\":1}\n{\"label\":\"gold\"}\n", Format::kJsonl),
      "{\"a\":1,\"rowmill_label\":\"pos\",\"probability\":0.5,\"status\":\"ok\",\"error\":\"\"}\n"
      "{\"label\":\"gold\",\"rowmill_label\":\"pos\",\"probability\":0.5,\"status\":\"ok\","
      "\"error\":\"\"}\n");
}

TEST(JsonlSinkTest, ALateClashNeverRepeatsAKey) {
  const auto source = SourceOver("{\"label\":1,\"rowmill_label\":2}\n", Options(Format::kJsonl));
  std::string out;
  StringByteSink bytes(out);
  const auto sink =
      MakeSink({.format = Format::kJsonl}, ResolveOutputSchema({}, kTaskColumns), bytes);
  Record record;
  ASSERT_TRUE(source->Next(record));
  sink->Write(record, {});
  sink->Finish();
  EXPECT_EQ(out,
            "{\"label\":1,\"rowmill_label\":2,\"rowmill_rowmill_label\":null,\"probability\":null,"
            "\"status\":\"ok\",\"error\":\"\"}\n");
}

TEST(JsonlSinkTest, CsvFieldsBecomeStrings) {
  EXPECT_EQ(ToJsonl("id,\"te\"\"xt\"\n1,\"a\nb\"\n2\n", Format::kCsv),
            "{\"id\":\"1\",\"te\\\"xt\":\"a\\nb\",\"label\":\"pos\",\"probability\":0.5,"
            "\"status\":\"ok\",\"error\":\"\"}\n"
            "{\"id\":\"2\",\"te\\\"xt\":null,\"label\":null,\"probability\":null,"
            "\"status\":\"invalid\",\"error\":\"missing columns: 1 column where there should be "
            "2\"}\n");
  EXPECT_EQ(ToJsonl("x\xff\n", Format::kText),
            "{\"text\":\"x\xef\xbf\xbd\",\"label\":\"pos\",\"probability\":0.5,\"status\":\"ok\","
            "\"error\":\"\"}\n");
}

TEST(TextSinkTest, EachLineIsTheAnswerToItsRow) {
  const auto source = SourceOver("a\nb\nc\n", Options(Format::kText));
  std::string out;
  StringByteSink bytes(out);
  const auto sink = MakeSink({.format = Format::kText, .answer_column = 1},
                             ResolveOutputSchema({"text"}, kTaskColumns), bytes);
  Record record;
  const std::vector<Cell> answers[] = {
      {{}, std::string("one\r\ntwo\nthree\rfour\n")}, {}, {{}, std::string("five\r")}};
  for (const std::vector<Cell>& cells : answers) {
    ASSERT_TRUE(source->Next(record));
    sink->Write(record, {cells, RowStatus::kOk, ""});
  }
  sink->Finish();
  EXPECT_EQ(out, "one two three four \n\nfive \n");
}

TEST(SinkTest, AWrongNumberOfCellsIsABug) {
  std::string out;
  StringByteSink bytes(out);
  const auto sink = MakeSink({}, ResolveOutputSchema({}, kTaskColumns), bytes);
  const std::vector<Cell> one = {int64_t{1}};
  EXPECT_THROW(sink->Write(Record(), {one, RowStatus::kOk, ""}), InternalError);
}

TEST(SinkTest, NothingIsWrittenBeforeItIsAskedFor) {
  std::string out;
  StringByteSink bytes(out);
  const auto sink =
      MakeSink({.format = Format::kCsv}, ResolveOutputSchema({"a"}, kTaskColumns), bytes);
  EXPECT_EQ(out, "");
  sink->Flush();
  EXPECT_EQ(out, "a,label,probability,status,error\n");
}

// Whatever comes in, the JSONL that goes out is JSON with one object per row, and reading it again
// and converting it to the same format keeps the columns.
TEST(SinkTest, AnyInputGivesSoundOutput) {
  std::mt19937 random(9);
  for (int round = 0; round < 1500; ++round) {
    std::string text = round % 2 == 0 ? "a,b\n" : "";
    const std::string_view alphabet = round % 2 == 0 ? "x,\"\n\r\xff " : "{}\"a:1,\n[]\\ \xff";
    for (size_t i = random() % 40; i > 0; --i) text += alphabet[random() % alphabet.size()];
    const Format from = round % 2 == 0 ? Format::kCsv : Format::kJsonl;
    const size_t rows = [&] {
      const auto source = SourceOver(text, Options(from));
      Record record;
      while (source->Next(record)) {
      }
      return source->num_rows();
    }();
    std::istringstream jsonl(ToJsonl(text, from));
    std::string line;
    size_t lines = 0;
    while (std::getline(jsonl, line)) {
      ASSERT_TRUE(nlohmann::json::accept(line)) << line;
      ++lines;
    }
    ASSERT_EQ(lines, rows) << text;
    const std::string csv = Convert(text, Options(from), {.format = Format::kCsv});
    const auto again = SourceOver(csv, Options(Format::kCsv));
    Record record;
    while (again->Next(record)) ASSERT_EQ(record.problem, "") << csv;
    ASSERT_EQ(again->damage(), std::nullopt);
    ASSERT_EQ(again->num_rows(), rows) << text;
  }
}

}  // namespace
}  // namespace rowmill
