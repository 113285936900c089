#include "data/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "data/byte_sink.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;
using testing::Options;
using testing::ReadRows;

std::string Gzip(std::string_view text) {
  std::string out;
  StringByteSink sink(out);
  const auto compressor = MakeCompressor(Compression::kGzip, sink);
  compressor->Write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  compressor->Finish();
  return out;
}

TEST(TextSourceTest, EveryLineIsARow) {
  EXPECT_THAT(ReadRows("one\r\n\n two \nlast", Options(Format::kText)),
              ElementsAre("0 @1+0 <text=one>", "1 @2+5 <text=>", "2 @3+6 <text= two >",
                          "3 @4+12 <text=last>"));
  EXPECT_THAT(ReadRows("", Options(Format::kText)), ElementsAre());
  EXPECT_THAT(ReadRows("a\xff\r", Options(Format::kText)),
              ElementsAre("0 @1+0 <text=a\xef\xbf\xbd\r> repaired"));
  SourceOptions options = Options(Format::kText);
  options.max_line_bytes = 3;
  EXPECT_THAT(ReadRows("1234\n123\n", options),
              ElementsAre(HasSubstr("longer than the limit of 3"), "1 @2+5 <text=123>"));
}

TEST(TextSourceTest, CutAtEveryByteAndInAnyPieces) {
  const std::string text = "one\r\n\n\xc3\xa9two\nlast";
  const std::vector<std::string> whole = ReadRows(text, Options(Format::kText));
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(ReadRows(text, Options(Format::kText), size + 1), whole);
    const std::vector<std::string> rows =
        ReadRows(std::string_view(text).substr(0, size), Options(Format::kText));
    for (size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i], whole[i]) << size;
  }
}

class SourceTest : public FolderTest {
 protected:
  std::unique_ptr<Source> Open(const std::string& path, const std::string& spool = "") {
    SourceOptions options;
    options.input.path = path;
    options.input.spool_path = spool;
    return OpenSource(*fs_, options);
  }
};

TEST_F(SourceTest, FormatsComeFromTheName) {
  EXPECT_EQ(ReadRows(*Open(Write("a.jsonl", "{\"a\":1}\n"))).size(), 1u);
  EXPECT_EQ(ReadRows(*Open(Write("a.tsv", "a\tb\n1\t2\n"))).size(), 1u);
  EXPECT_EQ(ReadRows(*Open(Write("a.csv.gz", Gzip("a,b\n1,2\n3,4\n")))).size(), 2u);
  EXPECT_EQ(ReadRows(*Open(Write("a.txt", "x\ny\n"))).size(), 2u);
  EXPECT_THAT(ErrorText<UsageError>([&] { Open(Write("a.dat", "x")); }), HasSubstr("--format"));
}

TEST_F(SourceTest, ErrorsAtTheHeaderNameTheFile) {
  EXPECT_THAT(ErrorText<DataError>([&] { Open(Write("a.csv", "a,a\n")); }),
              AllOf(HasSubstr("a.csv', line 1"), HasSubstr("same name")));
  EXPECT_THAT(ErrorText<DataError>([&] { Open(Write("b.csv", "a,\"b\n1,2\n")); }),
              AllOf(HasSubstr("b.csv': a quote that opens in line 1")));
}

// D12 for whole sources: the rows before the damage stay, the torn one goes, and a second pass from
// the spool, where the damage can no longer be seen, ends in the same way.
TEST_F(SourceTest, BrokenGzipKeepsTheRowsBefore) {
  std::string text = "id,text\n";
  for (int i = 0; i < 5000; ++i)
    text += std::to_string(i) + ",\"row " + std::to_string(i * 7919) + "\"\n";
  const std::string whole = Gzip(text);
  for (const std::string& spool : {std::string(), Path("spool")}) {
    const auto source = Open(Write("a.csv.gz", whole.substr(0, whole.size() / 2)), spool);
    const std::vector<std::string> rows = ReadRows(*source);
    ASSERT_GT(rows.size(), 1000u);
    ASSERT_LT(rows.size(), 5000u);
    EXPECT_THAT(rows[rows.size() - 2],
                testing::ReadRows(text, Options(Format::kCsv))[rows.size() - 2]);
    EXPECT_THAT(rows.back(), AllOf(HasSubstr("a.csv.gz"), HasSubstr("ends early"),
                                   HasSubstr("behind line " + std::to_string(rows.size() + 1)),
                                   HasSubstr(std::to_string(rows.size() - 1) + " rows")));
    source->Rewind();
    EXPECT_EQ(source->damage(), std::nullopt);
    EXPECT_EQ(ReadRows(*source), rows);
  }
}

// Gzip cut at every byte, for each format: never a row that the whole file does not have.
TEST_F(SourceTest, GzipCutAtEveryByte) {
  const std::string csv = "id,text\n1,one\n2,\"two\nlines\"\n3,three\n";
  const std::string jsonl = "{\"a\":\"one\"}\n{\"a\":\"two\"}\n{\"a\":\"three\"}\n";
  for (const bool is_csv : {true, false}) {
    const std::string name = is_csv ? "a.csv.gz" : "a.jsonl.gz";
    const std::string packed = Gzip(is_csv ? csv : jsonl);
    const std::vector<std::string> whole = ReadRows(*Open(Write(name, packed)));
    ASSERT_EQ(whole.size(), 3u);
    for (size_t size = 2; size < packed.size(); ++size) {
      const std::string path = Write(name, packed.substr(0, size));
      std::vector<std::string> rows;
      try {
        rows = ReadRows(*Open(path));
      } catch (const DataError&) {
        continue;  // Not even the header.
      }
      ASSERT_FALSE(rows.empty()) << size;
      EXPECT_THAT(rows.back(), HasSubstr("damage: ")) << size;
      for (size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i], whole[i]) << size;
    }
  }
}

// D11. More than one buffer of rows: what is read whole at once cannot change any more.
TEST_F(SourceTest, AFileThatGrowsEndsWithDamageBehindItsRows) {
  std::string text;
  while (text.size() < 600'000) text += "{\"a\":\"some text of a row\"}\n";
  const std::vector<std::string> whole = ReadRows(text, Options(Format::kJsonl));
  const std::string path = Write("a.jsonl", text);
  const auto source = Open(path);
  Record record;
  ASSERT_TRUE(source->Next(record));
  std::ofstream(path, std::ios::app) << "{\"a\":3}\n";
  const std::vector<std::string> rows = ReadRows(*source);
  ASSERT_EQ(rows.size(), whole.size());  // One was read before, the damage comes behind.
  EXPECT_EQ(rows[rows.size() - 2], whole.back());
  EXPECT_THAT(rows.back(), AllOf(HasSubstr("a.jsonl"), HasSubstr("changed while it was read")));
}

TEST_F(SourceTest, ProgressReachesTheSize) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"a\":" + std::to_string(i) + "}\n";
  const auto source = Open(Write("a.jsonl", text));
  Record record;
  ASSERT_TRUE(source->Next(record));
  EXPECT_LT(source->progress().bytes_read, text.size() / 2);
  EXPECT_EQ(source->progress().total_bytes, text.size());
  while (source->Next(record)) {
  }
  EXPECT_EQ(source->progress().bytes_read, text.size());
  EXPECT_EQ(source->num_rows(), 100'000u);
}

std::string SharedFolder() {
  const char* given = std::getenv("ROWMILL_SHARED");
  return given != nullptr ? given : std::string(ROWMILL_SOURCE_DIR) + "/../shared";
}

TEST_F(SourceTest, RealDataSetsAreReadWhole) {
  const std::string data = SharedFolder() + "/data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no-shared";
  const auto count = [&](const std::string& name, HeaderMode header) {
    SourceOptions options;
    options.input.path = data + "/" + name;
    options.header = header;
    const auto source = OpenSource(*fs_, options);
    size_t rows = 0;
    Record record;
    while (source->Next(record)) {
      EXPECT_EQ(record.problem, "") << name << " row " << record.index;
      ++rows;
    }
    EXPECT_EQ(source->damage(), std::nullopt);
    return rows;
  };
  EXPECT_EQ(count("sst2/dev.tsv", HeaderMode::kNone), 872u);
  EXPECT_EQ(count("sst2/train-3000.tsv", HeaderMode::kNone), 3000u);
  EXPECT_EQ(count("ag_news/test-first4000.csv", HeaderMode::kNone), 4000u);
  EXPECT_EQ(count("stsb/stsb-en-dev.csv", HeaderMode::kNone), 1500u);
  EXPECT_EQ(count("gsm8k/test-first400.jsonl", HeaderMode::kFirstRow), 400u);
  EXPECT_EQ(count("piqa/valid-first900.jsonl", HeaderMode::kFirstRow), 900u);
}

}  // namespace
}  // namespace rowmill
