// Parquet out and in again, with the module as it was built beside the tests.
#include "data/parquet_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/testing/faulting_file_system.h"
#include "data/parquet_library.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;
using testing::ReadRows;
using testing::SourceOver;

// Names of columns for all kinds of cells.
OutputSchema Schema(std::vector<std::string> input) {
  const std::vector<std::string> columns = {"label", "count", "score", "sure", "vector"};
  OutputSchema schema = ResolveOutputSchema(std::move(input), columns);
  schema.task_kinds = {CellKind::kText, CellKind::kInteger, CellKind::kNumber, CellKind::kBool,
                       CellKind::kFloats};
  return schema;
}

class ParquetSinkTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    try {
      LoadParquetModule();
    } catch (const ResourceError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  // The rows of `source`, answered but for every third, as a file.
  std::string Answered(Source& source, std::unique_ptr<ParquetTables> input) {
    std::string bytes;
    StringByteSink target(bytes);
    const auto sink = MakeParquetSink(std::move(input), Schema(source.columns().names()), target);
    Record record;
    while (source.Next(record)) {
      const double number = static_cast<double>(record.index);
      const std::vector<Cell> cells = {"l" + std::to_string(record.index),
                                       static_cast<int64_t>(record.index), number / 3,
                                       record.index % 2 == 0, std::vector<float>{0.5f}};
      OutputRow row;
      if (record.index % 3 == 0) {
        row.status = RowStatus::kInvalid;
        row.error = "nothing";
      } else {
        row.cells = cells;
      }
      sink->Write(record, row);
    }
    sink->Finish();
    EXPECT_EQ(sink->num_bytes(), bytes.size());
    return bytes;
  }

  std::string FromCsv(const std::string& csv) {
    return Answered(*SourceOver(csv, testing::Options(Format::kCsv)), nullptr);
  }

  std::unique_ptr<Source> Open(const std::string& path) {
    SourceOptions options;
    options.input.path = path;
    return OpenSource(*fs_, options);
  }
};

TEST_F(ParquetSinkTest, CellsAndFieldsComeBack) {
  const std::string path = Write("a.parquet", FromCsv("id,text\n1,a\n2,\xff\n3\n"));
  const auto source = Open(path);
  EXPECT_TRUE(source->knows_columns());
  EXPECT_EQ(source->columns().size(), 9u);
  const std::vector<std::string> rows = ReadRows(*source);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0], HasSubstr("<id=1> <text=a> <label=>null <count=>null"));
  EXPECT_THAT(rows[1], HasSubstr("<text=\xef\xbf\xbd> <label=l1> <count=1>a number "
                                 "<score=0.3333333333333333>a number <sure=false>true or false "
                                 "<vector=[0.5]>an array <status=ok> <error=>"));
  EXPECT_THAT(rows[2], HasSubstr("<text=>null"));
  source->Rewind();
  EXPECT_EQ(ReadRows(*source), rows);
}

TEST_F(ParquetSinkTest, SeveralFilesPassThrough) {
  std::string csv = "id,text\n";
  for (int i = 0; i < 5000; ++i) {
    csv += std::to_string(i) + "," + std::string(static_cast<size_t>(i % 97), 'x') + "\n";
  }
  const std::string path = Write("a.parquet", FromCsv(csv));
  const auto source = Open(path);
  SourceOptions options;
  options.input.path = path;
  const std::string once = Answered(*source, OpenParquet(*fs_, options));
  // The same rows as two files of another length each.
  const size_t half = csv.find("\n3333,") + 1;
  const std::string first = Write("b.parquet", FromCsv(csv.substr(0, half)));
  const auto rest = SourceOver(csv, testing::Options(Format::kCsv));
  std::string bytes;
  StringByteSink target(bytes);
  const auto sink = MakeParquetSink(nullptr, Schema({"id", "text"}), target);
  Record record;
  while (rest->Next(record)) {
    if (record.index < 3333) continue;
    sink->Write(record, {});
  }
  sink->Finish();
  const std::string second = Write("c.parquet", bytes);
  SourceOptions both;
  both.paths = {first, second};
  const auto chain = OpenSource(*fs_, both);
  const std::vector<std::string> rows = ReadRows(*chain);
  EXPECT_EQ(rows.size(), 5000u);
  EXPECT_THAT(rows[4999], HasSubstr("<id=4999>"));
  chain->Rewind();
  const std::string joined = Answered(*chain, OpenParquet(*fs_, both));
  EXPECT_EQ(ReadRows(*Open(Write("d.parquet", joined))).size(), 5000u);
  source->Rewind();
  EXPECT_EQ(Answered(*source, OpenParquet(*fs_, options)), once);
}

TEST_F(ParquetSinkTest, CutAtEveryByteIsNoFile) {
  const std::string whole = FromCsv("id,text\n1,a\n2,b\n");
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string path = Write("cut.parquet", whole.substr(0, size));
    EXPECT_THAT(ErrorText<DataError>([&] { Open(path); }), HasSubstr("damaged Parquet file"))
        << size;
  }
}

// What a page holds is told by its checksum. The rest, the footer most of all, can be sound in
// itself and say something else.
TEST_F(ParquetSinkTest, ChangedBytesAreTheSameRowsOrAnError) {
  const std::string whole = FromCsv("id,text\n1,a\n2,b\n3,c\n");
  uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, whole.data() + whole.size() - 8, sizeof footer_bytes);
  const size_t footer = whole.size() - 8 - footer_bytes;
  const std::vector<std::string> rows = ReadRows(*Open(Write("whole.parquet", whole)));
  std::mt19937 random(5);
  size_t num_told = 0;
  for (size_t at = 0; at < whole.size(); at += at < footer ? 1 : 4) {
    const unsigned change = 1u << random() % 8;
    std::string changed = whole;
    changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
    const std::string path = Write("changed.parquet", changed);
    try {
      const auto source = Open(path);
      const std::vector<std::string> read = ReadRows(*source);
      if (source->damage()) {
        ++num_told;
      } else if (at < footer) {
        EXPECT_EQ(read, rows) << "byte " << at << " of " << footer << ", ^ " << change;
      }
    } catch (const DataError&) {
      ++num_told;
    }
  }
  EXPECT_GT(num_told, footer / 2);
}

TEST_F(ParquetSinkTest, FaultsOfTheDiskAreErrorsOfReading) {
  const std::string path = Write("a.parquet", FromCsv("id,text\n1,a\n2,b\n3,c\n"));
  SourceOptions options;
  options.input.path = path;
  FaultPlan plan;
  plan.operations = FileOperation::kOpen | FileOperation::kRead;
  FaultingFileSystem sound(*fs_, plan);
  ReadRows(*OpenSource(sound, options));
  ASSERT_GT(sound.num_counted(), 4u);
  for (plan.nth = 1; plan.nth <= sound.num_counted(); ++plan.nth) {
    FaultingFileSystem faulty(*fs_, plan);
    EXPECT_THROW(ReadRows(*OpenSource(faulty, options)), IoError) << plan.nth;
  }
}

TEST_F(ParquetSinkTest, FilesOfOneDataSetHaveOneSchema) {
  const std::string first = Write("a.parquet", FromCsv("id,text\n1,a\n"));
  const std::string second = Write("b.parquet", FromCsv("id,body\n1,a\n"));
  SourceOptions options;
  options.paths = {first, second};
  EXPECT_THAT(ErrorText<DataError>([&] { OpenSource(*fs_, options); }),
              HasSubstr("b.parquet': column 2 is 'body'"));
}

}  // namespace
}  // namespace rowmill
