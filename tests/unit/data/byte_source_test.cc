#include "data/byte_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;

std::string ReadAll(ByteSource& source, size_t buffer_bytes = 7) {
  std::string out;
  std::string buffer(buffer_bytes, '\0');
  while (true) {
    const size_t count = source.Read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
    if (count == 0) return out;
    out.append(buffer, 0, count);
  }
}

class ByteSourceTest : public FolderTest {};

TEST_F(ByteSourceTest, AFileIsReadTwice) {
  FileByteSource source(*fs_, Write("a", "some bytes of a file"));
  EXPECT_EQ(ReadAll(source), "some bytes of a file");
  EXPECT_EQ(source.progress().bytes_read, 20u);
  EXPECT_EQ(source.progress().total_bytes, 20u);
  EXPECT_TRUE(source.Rewind());
  EXPECT_EQ(ReadAll(source), "some bytes of a file");
}

// D11: what is there at the start is delivered, the change is told at the end.
TEST_F(ByteSourceTest, AFileThatChangesIsDamage) {
  const std::string path = Write("a", "0123456789");
  const auto read_with = [&](const auto& change) {
    Write("a", "0123456789");
    FileByteSource source(*fs_, path);
    std::string buffer(4, '\0');
    source.Read({reinterpret_cast<std::byte*>(buffer.data()), 4});
    change();
    return ErrorText<DataError>([&] { ReadAll(source); });
  };
  EXPECT_THAT(read_with([&] { std::ofstream(path, std::ios::app) << "more"; }),
              AllOf(HasSubstr(path), HasSubstr("from 10 to 14 bytes")));
  EXPECT_THAT(read_with([&] { EXPECT_EQ(truncate(path.c_str(), 6), 0); }),
              HasSubstr("became shorter"));
  EXPECT_THAT(read_with([&] {
                Write("b", "0123456789");
                fs_->Rename(Path("b"), path);
              }),
              HasSubstr("another file was put in its place"));
  EXPECT_THAT(read_with([&] { fs_->Remove(path); }), HasSubstr("was removed"));
  EXPECT_THAT(read_with([&] {
                const struct timespec times[2] = {{1, 0}, {1, 0}};
                EXPECT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
              }),
              HasSubstr("written to"));
  EXPECT_EQ(read_with([] {}), "(no such error)");
}

TEST_F(ByteSourceTest, APipeIsReadToItsEndThroughShortReads) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(write(fds[1], "abc", 3), 3);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    close(fds[1]);
  });
  DescriptorByteSource source(fds[0], DescriptorByteSource::Ownership::kOwned, "the pipe", {});
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += "abc";
  EXPECT_EQ(ReadAll(source, 100), expected);
  writer.join();
  EXPECT_FALSE(source.Rewind());
  EXPECT_EQ(source.progress().total_bytes, std::nullopt);
}

TEST_F(ByteSourceTest, ANonBlockingPipeIsWaitedFor) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_NONBLOCK), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_EQ(write(fds[1], "late", 4), 4);
    close(fds[1]);
  });
  DescriptorByteSource source(fds[0], DescriptorByteSource::Ownership::kOwned, "the pipe", {});
  EXPECT_EQ(ReadAll(source), "late");
  writer.join();
}

// O12: Ctrl-C while a silent pipe is read.
TEST_F(ByteSourceTest, WaitingEndsWhenTheRunIsToStop) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  std::atomic<bool> stop = false;
  DescriptorByteSource source(fds[0], DescriptorByteSource::Ownership::kOwned, "the pipe",
                              [&] { return stop.load(); });
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop = true;
  });
  EXPECT_THAT(ErrorText<StoppedError>([&] { ReadAll(source); }), HasSubstr("the pipe"));
  stopper.join();
  close(fds[1]);
}

TEST_F(ByteSourceTest, AFifoIsOpenedByName) {
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "through the fifo"; });
  const auto source = DescriptorByteSource::Open(path, {});
  EXPECT_EQ(ReadAll(*source), "through the fifo");
  writer.join();
  EXPECT_THAT(ErrorText<IoError>([&] { DescriptorByteSource::Open(Path("none"), {}); }),
              HasSubstr("No such file"));
}

TEST_F(ByteSourceTest, ReadErrorsNameTheByte) {
  std::byte byte;
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[0]);
  close(fds[1]);
  DescriptorByteSource closed(fds[0], DescriptorByteSource::Ownership::kBorrowed, "the pipe", {});
  EXPECT_THAT(ErrorText<IoError>([&] { closed.Read({&byte, 1}); }),
              AllOf(HasSubstr("the pipe at byte 0"), HasSubstr("Bad file descriptor")));
}

TEST_F(ByteSourceTest, APrefixComesFirstAndOnlyOnce) {
  const std::string bytes = "0123456789";
  auto rest = std::make_unique<MemoryByteSource>(bytes);
  std::byte read_ahead[4];
  ASSERT_EQ(rest->Read(read_ahead), 4u);
  PrefixByteSource source("0123", std::move(rest));
  EXPECT_EQ(ReadAll(source, 3), bytes);
  ASSERT_TRUE(source.Rewind());
  EXPECT_EQ(ReadAll(source, 3), bytes);
}

// A source that ends with DataError behind its bytes.
class DamagedSource final : public ByteSource {
 public:
  explicit DamagedSource(std::string_view bytes) : bytes_(bytes) {}
  size_t Read(std::span<std::byte> out) override {
    const size_t count = bytes_.Read(out);
    if (count == 0) throw DataError("broken here");
    return count;
  }
  bool Rewind() override { return false; }
  ReadProgress progress() const override { return bytes_.progress(); }

 private:
  MemoryByteSource bytes_;
};

std::string ReadWithDamage(ByteSource& source) {
  std::string out;
  std::byte byte;
  try {
    while (source.Read({&byte, 1}) == 1) out += static_cast<char>(byte);
  } catch (const DataError& error) {
    out += std::string("!") + error.what();
  }
  return out;
}

TEST_F(ByteSourceTest, ASpoolGivesTheSameBytesAndTheSameEnd) {
  SpoolingByteSource source(std::make_unique<DamagedSource>("abcdef"),
                            fs_->Open(Path("spool"), OpenMode::kTruncate));
  EXPECT_EQ(ReadWithDamage(source), "abcdef!broken here");
  ASSERT_TRUE(source.Rewind());
  EXPECT_EQ(ReadWithDamage(source), "abcdef!broken here");
  EXPECT_EQ(source.progress().total_bytes, 6u);
  EXPECT_EQ(Read("spool"), "abcdef");
}

TEST_F(ByteSourceTest, ASpoolGoesOnWhereTheFirstPassStopped) {
  const std::string bytes = "0123456789";
  SpoolingByteSource source(std::make_unique<MemoryByteSource>(bytes),
                            fs_->Open(Path("spool"), OpenMode::kTruncate));
  std::byte some[4];
  ASSERT_EQ(source.Read(some), 4u);
  ASSERT_TRUE(source.Rewind());
  EXPECT_EQ(ReadAll(source, 3), bytes);
  ASSERT_TRUE(source.Rewind());
  EXPECT_EQ(ReadAll(source, 3), bytes);
  EXPECT_EQ(Read("spool"), bytes);
}

TEST_F(ByteSourceTest, AFullDiskUnderTheSpoolIsAnIoError) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no-dev-full";
  SpoolingByteSource source(std::make_unique<MemoryByteSource>("abc"),
                            fs_->Open("/dev/full", OpenMode::kReadWrite));
  EXPECT_THAT(ErrorText<IoError>([&] { ReadAll(source); }), HasSubstr("No space left"));
}

}  // namespace
}  // namespace rowmill
