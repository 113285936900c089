// The way of a table: rows in, cells out, and out of the process again as Arrow.
#include "data/arrow_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using testing::ErrorText;
using ::testing::HasSubstr;
using testing::Options;
using testing::SourceOver;

std::string TextOf(const std::shared_ptr<const ArrowTable>& table, size_t piece = 7) {
  ArrowByteSource source(table);
  std::string out;
  std::string buffer(piece, '\0');
  while (true) {
    const size_t count = source.Read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
    if (count == 0) return out;
    out.append(buffer, 0, count);
  }
}

std::shared_ptr<ArrowTable> Imported(const std::shared_ptr<const ArrowResult>& result) {
  ArrowArrayStream stream{};
  ExportArrowStream(result, &stream);
  auto table = std::make_shared<ArrowTable>();
  table->AddStream(&stream);
  EXPECT_EQ(stream.release, nullptr);
  return table;
}

const std::vector<std::string> kTaskColumns = {"label", "score", "vector"};

// Answers the rows [begin, end) of a source; every third one has no answer.
std::shared_ptr<ArrowResult> Answered(Source& source, std::shared_ptr<const ArrowTable> input,
                                      uint64_t begin, uint64_t end) {
  auto result = std::make_shared<ArrowResult>(std::move(input));
  Record record;
  while (source.Next(record)) {
  }
  source.Rewind();
  const auto sink =
      MakeArrowSink(ResolveOutputSchema(source.columns().names(), kTaskColumns), result);
  while (source.Next(record)) {
    if (record.index < begin || record.index >= end) continue;
    const std::vector<Cell> cells = {std::string(record.index % 2 == 0 ? "pos" : "neg"),
                                     0.5 * static_cast<double>(record.index),
                                     std::vector<float>{1.0f, static_cast<float>(record.index)}};
    OutputRow row;
    if (record.index % 3 == 0) {
      row.status = RowStatus::kInvalid;
      row.error = "nothing to ask";
    } else {
      row.cells = cells;
    }
    sink->Write(record, row);
  }
  sink->Finish();
  return result;
}

constexpr const char* kFile = "id,review\n1,fine\n2,\"so \"\"so\"\"\"\n3,bad\n";

TEST(ArrowResultTest, RowsOfAFileBecomeATable) {
  const auto source = SourceOver(kFile, Options(Format::kCsv));
  EXPECT_EQ(TextOf(Imported(Answered(*source, nullptr, 0, 3))),
            R"({"id":"1","review":"fine","label":null,"score":null,"vector":null,)"
            R"("status":"invalid","error":"nothing to ask"})"
            "\n"
            R"({"id":"2","review":"so \"so\"","label":"neg","score":0.5,"vector":[1,1],)"
            R"("status":"ok","error":""})"
            "\n"
            R"({"id":"3","review":"bad","label":"pos","score":1,"vector":[1,2],)"
            R"("status":"ok","error":""})"
            "\n");
}

TEST(ArrowResultTest, TextsAreUtf8WithoutNul) {
  auto result = std::make_shared<ArrowResult>(nullptr);
  const std::vector<std::string> columns = {"text"};
  const auto sink = MakeArrowSink(ResolveOutputSchema({}, columns), result);
  OutputRow row;
  const std::vector<Cell> cells = {std::string("a\0b\xFF\xC3", 5)};
  row.cells = cells;
  sink->Write(Record(), row);
  sink->Finish();
  EXPECT_EQ(TextOf(Imported(result)),
            "{\"text\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\",\"status\":\"ok\",\"error\":\"\"}\n");
}

// The first result is the input of a second job.
std::shared_ptr<ArrowTable> Input() {
  const auto source = SourceOver(kFile, Options(Format::kCsv));
  return Imported(Answered(*source, nullptr, 0, 3));
}

std::unique_ptr<Source> SourceOf(const std::shared_ptr<const ArrowTable>& table) {
  return MakeSource(
      std::make_unique<InputStream>(std::make_unique<ArrowByteSource>(table), "the table"),
      Options(Format::kJsonl));
}

TEST(ArrowResultTest, ColumnsOfATableAreItsOwnBuffers) {
  auto input = Input();
  const void* texts = input->batches()[0].array->children[1]->buffers[2];
  const auto result = Answered(*SourceOf(input), input, 0, 3);
  input.reset();  // The result keeps what it shares.
  const auto output = Imported(result);
  EXPECT_EQ(output->batches()[0].array->children[1]->buffers[2], texts);
  EXPECT_THAT(
      output->ColumnNames(),
      ElementsAre("id", "review", "label", "score", "vector", "status", "error", "rowmill_label",
                  "rowmill_score", "rowmill_vector", "rowmill_status", "rowmill_error"));
}

TEST(ArrowResultTest, APartOfTheRowsIsASliceOfTheColumns) {
  auto input = Input();
  auto more = Input();
  ArrowArrayStream stream{};
  ExportArrowStream(Answered(*SourceOf(more), more, 0, 3), &stream);
  EXPECT_THAT(ErrorText<DataError>([&] { input->AddStream(&stream); }),
              HasSubstr("different columns"));
  const auto source = SourceOver(kFile, Options(Format::kCsv));
  ExportArrowStream(Answered(*source, nullptr, 0, 3), &stream);
  input->AddStream(&stream);
  ASSERT_EQ(input->num_rows(), 6);

  const auto output = Imported(Answered(*SourceOf(input), input, 2, 5));
  ASSERT_EQ(output->batches().size(), 2);
  EXPECT_EQ(output->batches()[0].num_rows(), 1);
  EXPECT_EQ(output->batches()[1].num_rows(), 2);
  const std::string text = TextOf(output);
  EXPECT_THAT(text, HasSubstr(R"("review":"bad","label":"pos","score":1)"));
  EXPECT_THAT(text, HasSubstr(R"("rowmill_label":"pos","rowmill_score":2)"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(ArrowResultTest, ASourceOverATableIsRewound) {
  const auto table = Input();
  ArrowByteSource source(table);
  std::string buffer(1 << 12, '\0');
  const std::span<std::byte> bytes(reinterpret_cast<std::byte*>(buffer.data()), buffer.size());
  const size_t count = source.Read(bytes);
  const std::string first = buffer.substr(0, count);
  EXPECT_TRUE(source.Rewind());
  EXPECT_EQ(source.Read(bytes), count);
  EXPECT_EQ(buffer.substr(0, count), first);
  EXPECT_EQ(source.progress().bytes_read, count);
}

TEST(ArrowResultTest, NothingInIsNothingOut) {
  const auto table = std::make_shared<ArrowTable>();
  EXPECT_EQ(TextOf(table), "");
  const auto output = Imported(Answered(*SourceOf(table), table, 0, 0));
  EXPECT_EQ(output->num_rows(), 0);
  EXPECT_THAT(output->ColumnNames(), ElementsAre("label", "score", "vector", "status", "error"));
}

TEST(ArrowResultTest, AStreamThatFailsIsADataError) {
  ArrowArrayStream stream{};
  stream.get_schema = [](ArrowArrayStream*, ArrowSchema*) { return 5; };
  stream.get_last_error = [](ArrowArrayStream*) { return "the disk is gone"; };
  stream.release = [](ArrowArrayStream* given) { given->release = nullptr; };
  ArrowTable table;
  EXPECT_THAT(ErrorText<DataError>([&] { table.AddStream(&stream); }),
              HasSubstr("the disk is gone"));
  EXPECT_EQ(stream.release, nullptr);
}

TEST(ArrowResultTest, ACellOfAnotherKindIsOurBug) {
  ArrowColumn column("x");
  column.AppendNull();
  column.Append(int64_t{3});
  EXPECT_EQ(column.num_nulls(), 1);
  EXPECT_THROW(column.Append(std::string("text")), InternalError);
}

}  // namespace
}  // namespace rowmill
