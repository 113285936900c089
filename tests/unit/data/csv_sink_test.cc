#include "data/csv_sink.h"

#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using testing::Options;
using testing::SourceOver;

std::string ToCsv(std::string_view input, const SourceOptions& from, const SinkOptions& to,
                  const Cell& answer = std::string("pos")) {
  const auto source = SourceOver(input, from);
  Record record;
  while (source->Next(record)) {
  }
  source->Rewind();
  std::string out;
  StringByteSink bytes(out);
  const std::vector<std::string> columns = {"label"};
  const auto sink = MakeSink(to, ResolveOutputSchema(source->columns().names(), columns), bytes);
  const std::vector<Cell> cells = {answer};
  while (source->Next(record)) {
    if (record.problem.empty()) {
      sink->Write(record, {cells, RowStatus::kOk, ""});
    } else {
      sink->Write(record, {{}, RowStatus::kInvalid, record.problem});
    }
  }
  sink->Finish();
  return out;
}

const SinkOptions kCsv = {.format = Format::kCsv};

TEST(CsvSinkTest, FieldsKeepTheirBytes) {
  EXPECT_EQ(ToCsv("id,\"a\"\n\"1\",x\xff \r\n2,\"y\r\n\"\"z\"\"\"\n", Options(Format::kCsv), kCsv),
            "id,a,label,status,error\n\"1\",x\xff ,pos,ok,\n2,\"y\r\n\"\"z\"\"\",pos,ok,\n");
}

TEST(CsvSinkTest, BrokenRowsComeOutWellFormed) {
  EXPECT_EQ(ToCsv("a,b\n\"x\"y,5\"\n1\n1,2,3\n", Options(Format::kCsv), kCsv),
            "a,b,label,status,error\n"
            "\"\"\"x\"\"y\",\"5\"\"\",,invalid,\"unquoted value: column 1 has a quote that neither "
            "opens nor closes the field (write it doubled, in a field in quotes)\"\n"
            "1,,,invalid,missing columns: 1 column where there should be 2\n"
            "1,2,,invalid,too many columns: 3 columns where there should be 2\n");
}

TEST(CsvSinkTest, OtherDelimitersAreQuotedAnew) {
  EXPECT_EQ(ToCsv("a\tb\nx,y\t\"p\tq\"\n", Options(Format::kTsv), kCsv),
            "a,b,label,status,error\n\"x,y\",\"p\tq\",pos,ok,\n");
  EXPECT_EQ(ToCsv("a,b\nx\ty,z\n", Options(Format::kCsv), {.format = Format::kTsv}),
            "a\tb\tlabel\tstatus\terror\n\"x\ty\"\tz\tpos\tok\t\n");
  SourceOptions plain = Options(Format::kTsv);
  plain.has_quotes = false;
  EXPECT_EQ(ToCsv("a\tb\n\"x\ty\n", plain, {.format = Format::kTsv}),
            "a\tb\tlabel\tstatus\terror\n\"\"\"x\"\ty\tpos\tok\t\n");
}

TEST(CsvSinkTest, JsonValuesBecomeText) {
  EXPECT_EQ(ToCsv("{\"s\":\"a,\\\"b\\\"\\n\",\"n\":1.50,\"t\":true,\"z\":null}\n"
                  "{\"l\":[1, {\"x\":2}],\"n\":-0e1,\"s\":\"\"}\n[]\n",
                  Options(Format::kJsonl), kCsv),
            "s,n,t,z,l,label,status,error\n"
            "\"a,\"\"b\"\"\n\",1.50,true,,,pos,ok,\n"
            ",-0e1,,,\"[1, {\"\"x\"\":2}]\",pos,ok,\n"
            ",,,,,,invalid,\"the line is an array, not a JSON object\"\n");
}

TEST(CsvSinkTest, OurColumnsGiveWay) {
  EXPECT_EQ(ToCsv("label,error\n1,2\n", Options(Format::kCsv), kCsv),
            "label,error,rowmill_label,status,rowmill_error\n1,2,pos,ok,\n");
}

TEST(CsvSinkTest, TheHeaderCanBeLeftOut) {
  EXPECT_EQ(ToCsv("a\n1\n", Options(Format::kCsv), {.format = Format::kCsv, .write_header = false}),
            "1,pos,ok,\n");
}

TEST(CsvSinkTest, AnEmptyInputHasAHeaderOfOurs) {
  EXPECT_EQ(ToCsv("", Options(Format::kCsv), kCsv), "label,status,error\n");
}

// D18: only what we write, only text, and only where it is asked for.
TEST(CsvSinkTest, FormulasAreDefusedOnRequest) {
  const SinkOptions safe = {.format = Format::kCsv, .csv_safe = true};
  const auto answer = [&](const Cell& cell, const SinkOptions& to) {
    return ToCsv("a\n=1\n", Options(Format::kCsv), to, cell);
  };
  EXPECT_EQ(answer(std::string("=cmd()"), safe), "a,label,status,error\n=1,'=cmd(),ok,\n");
  EXPECT_EQ(answer(std::string("@x,"), safe), "a,label,status,error\n=1,\"'@x,\",ok,\n");
  EXPECT_EQ(answer(std::string("=cmd()"), kCsv), "a,label,status,error\n=1,=cmd(),ok,\n");
  EXPECT_EQ(answer(std::string(""), safe), "a,label,status,error\n=1,,ok,\n");
  EXPECT_EQ(answer(-0.5, safe), "a,label,status,error\n=1,-0.5,ok,\n");
}

TEST(CsvSinkTest, WrittenFilesAreReadBackAsTheyWere) {
  const std::string once =
      ToCsv("a,b\n\"x\ny\",\"\"\"\"\n,\xc3\xa9\n", Options(Format::kCsv), kCsv, 0.1);
  const auto source = SourceOver(once, Options(Format::kCsv));
  EXPECT_EQ(source->columns().names(),
            (std::vector<std::string>{"a", "b", "label", "status", "error"}));
  Record record;
  ASSERT_TRUE(source->Next(record));
  EXPECT_EQ(record.Field("a")->text, "x\ny");
  EXPECT_EQ(record.Field("b")->text, "\"");
  EXPECT_EQ(record.Field("label")->text, "0.1");
  ASSERT_TRUE(source->Next(record));
  EXPECT_EQ(record.Field("b")->text, "\xc3\xa9");
  EXPECT_FALSE(source->Next(record));
}

}  // namespace
}  // namespace rowmill
