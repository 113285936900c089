#include "data/input_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "data/byte_sink.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;

std::string Compressed(Compression compression, std::string_view text) {
  std::string out;
  StringByteSink sink(out);
  const auto compressor = MakeCompressor(compression, sink);
  compressor->Write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  compressor->Finish();
  return out;
}

std::string ReadAll(InputStream& stream) {
  std::string out;
  while (true) {
    const std::string_view bytes = stream.Peek();
    if (bytes.empty()) return out + (stream.damage().has_value() ? "!" + *stream.damage() : "");
    const size_t count = std::min<size_t>(bytes.size(), 5);
    out += bytes.substr(0, count);
    stream.Consume(count);
  }
}

class InputStreamTest : public FolderTest {
 protected:
  std::unique_ptr<InputStream> Open(const std::string& path, const std::string& spool = "") {
    InputOptions options;
    options.path = path;
    options.spool_path = spool;
    return InputStream::Open(*fs_, options);
  }
};

TEST_F(InputStreamTest, PlainFilesAreNotCopied) {
  const auto stream = Open(Write("a.csv", "a,b\n1,2\n"), Path("spool"));
  EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
  EXPECT_FALSE(stream->spooled());
  EXPECT_FALSE(fs_->Exists(Path("spool")));
  EXPECT_TRUE(stream->can_rewind());
  EXPECT_EQ(stream->file_info()->size, 8u);
  stream->Rewind();
  EXPECT_EQ(stream->offset(), 0u);
  EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
  EXPECT_EQ(stream->offset(), 8u);
}

TEST_F(InputStreamTest, CompressedFilesAreRecognisedWithAndWithoutTheSuffix) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string bytes = Compressed(compression, "a,b\n1,2\n");
    for (const std::string name :
         {compression == Compression::kGzip ? "a.csv.gz" : "a.csv.zst", "a.csv"}) {
      const auto stream = Open(Write(name, bytes));
      EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
      EXPECT_FALSE(stream->spooled());
      ASSERT_TRUE(stream->can_rewind());
      stream->Rewind();
      EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
    }
  }
}

TEST_F(InputStreamTest, CompressedFilesAreSpooledWhereThereIsAPlace) {
  const auto stream =
      Open(Write("a.csv.gz", Compressed(Compression::kGzip, "a,b\n1,2\n")), Path("spool"));
  EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
  EXPECT_TRUE(stream->spooled());
  EXPECT_EQ(Read("spool"), "a,b\n1,2\n");
  stream->Rewind();
  EXPECT_EQ(ReadAll(*stream), "a,b\n1,2\n");
}

// D12: the wrong suffix.
TEST_F(InputStreamTest, ASuffixThatPromisesTooMuchIsRefused) {
  EXPECT_THAT(ErrorText<DataError>([&] { Open(Write("a.csv.gz", "a,b\n")); }),
              AllOf(HasSubstr("a.csv.gz"), HasSubstr("named as gzip")));
  EXPECT_THAT(
      ErrorText<DataError>([&] { Open(Write("a.csv.gz", Compressed(Compression::kZstd, "a\n"))); }),
      HasSubstr("it is zstd"));
  EXPECT_THAT(ReadAll(*Open(Write("empty.csv.gz", ""))), HasSubstr("ends early"));
}

TEST_F(InputStreamTest, DamageIsAValueAndComesAgain) {
  const std::string whole = Compressed(Compression::kGzip, std::string(1000, 'x') + "\n");
  for (const std::string& spool : {std::string(), Path("spool")}) {
    const auto stream = Open(Write("a.txt.gz", whole.substr(0, whole.size() - 4)), spool);
    const std::string first = ReadAll(*stream);
    EXPECT_THAT(first, AllOf(HasSubstr("xxx"), HasSubstr("a.txt.gz"), HasSubstr("ends early")));
    stream->Rewind();
    EXPECT_EQ(stream->damage(), std::nullopt);
    EXPECT_EQ(ReadAll(*stream), first);
  }
}

TEST_F(InputStreamTest, AFifoIsSpooled) {
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "through the fifo"; });
  const auto stream = Open(path, Path("spool"));
  EXPECT_EQ(ReadAll(*stream), "through the fifo");
  writer.join();
  EXPECT_TRUE(stream->spooled());
  EXPECT_EQ(stream->file_info(), std::nullopt);
  stream->Rewind();
  EXPECT_EQ(ReadAll(*stream), "through the fifo");
}

TEST_F(InputStreamTest, APipeWithoutSpoolCannotBeReadTwice) {
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << Compressed(Compression::kZstd, "packed"); });
  const auto stream = Open(path);
  EXPECT_EQ(ReadAll(*stream), "packed");
  writer.join();
  EXPECT_FALSE(stream->can_rewind());
  EXPECT_THROW(stream->Rewind(), InternalError);
}

// D03.
TEST_F(InputStreamTest, OtherEncodingsAndFormatsAreRefusedWithAHint) {
  const auto error = [&](std::string_view content) {
    return ErrorText<DataError>([&] { Open(Write("a.csv", content)); });
  };
  EXPECT_THAT(error("\xff\xfe\x61"), AllOf(HasSubstr("UTF-16"), HasSubstr("iconv")));
  EXPECT_THAT(error("\xfe\xff"), HasSubstr("UTF-16"));
  EXPECT_THAT(error(std::string_view("a\0,\0b\0\n\0", 8)), HasSubstr("UTF-16"));
  EXPECT_THAT(error(std::string_view("\0a\0,\0b\0\n", 8)), HasSubstr("UTF-16"));
  EXPECT_THAT(error("PAR1\x15\x04"), HasSubstr("Parquet"));
  EXPECT_THAT(error("PK\x03\x04...."), HasSubstr(".xlsx"));
  EXPECT_THAT(error("%PDF-1.7\n%\xe2\xe3\n"), HasSubstr("PDF"));
  EXPECT_EQ(error("PAR1,b\r\n1,2\n"), "(no such error)");
}

TEST_F(InputStreamTest, WhatIsNotAFileIsRefused) {
  EXPECT_THAT(ErrorText<UsageError>([&] { Open(Path("none.csv")); }),
              AllOf(HasSubstr("no file"), HasSubstr("none.csv")));
  EXPECT_THAT(ErrorText<UsageError>([&] { Open(folder_); }), HasSubstr("is a folder"));
}

TEST_F(InputStreamTest, AByteOrderMarkIsSkippedInEachPass) {
  const auto stream = Open(Write("a.txt", "\xef\xbb\xbfx"));
  EXPECT_EQ(stream->offset(), 3u);
  EXPECT_EQ(ReadAll(*stream), "x");
  stream->Rewind();
  EXPECT_EQ(ReadAll(*stream), "x");
  EXPECT_EQ(ReadAll(*Open(Write("b.txt", "\xef\xbb"))), "\xef\xbb");
}

}  // namespace
}  // namespace rowmill
