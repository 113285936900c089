#include "data/byte_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class ByteSinkTest : public FolderTest {};

TEST_F(ByteSinkTest, WritesAFileFromItsStart) {
  const auto file = fs_->Open(Path("a"), OpenMode::kTruncate);
  FileByteSink sink(*file);
  sink.Write(Bytes("one "));
  sink.Write(Bytes("two"));
  sink.Finish();
  EXPECT_EQ(Read("a"), "one two");
}

// D13: the reader of standard output goes away. SIGPIPE has its default action here, which would
// end the test.
TEST_F(ByteSinkTest, AClosedPipeIsAnErrorAndNoSignal) {
  struct sigaction action = {};
  struct sigaction saved = {};
  action.sa_handler = SIG_DFL;
  ASSERT_EQ(sigaction(SIGPIPE, &action, &saved), 0);
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[0]);
  DescriptorByteSink sink(fds[1], "standard output");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(ErrorText<IoError>([&] { sink.Write(Bytes("x")); }),
                AllOf(HasSubstr("standard output at byte 0"), HasSubstr("Broken pipe")));
  }
  // Nothing is left pending or blocked for the code around.
  sigset_t set;
  sigpending(&set);
  EXPECT_EQ(sigismember(&set, SIGPIPE), 0);
  pthread_sigmask(SIG_SETMASK, nullptr, &set);
  EXPECT_EQ(sigismember(&set, SIGPIPE), 0);
  close(fds[1]);
  sigaction(SIGPIPE, &saved, nullptr);
}

TEST_F(ByteSinkTest, AFullNonBlockingPipeIsWaitedFor) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_NONBLOCK), 0);
  std::string received;
  std::thread reader([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::string buffer(100'000, '\0');
    while (received.size() < 1'000'000) {
      const ssize_t count = read(fds[0], buffer.data(), buffer.size());
      if (count > 0) received.append(buffer, 0, static_cast<size_t>(count));
    }
  });
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i) text += std::to_string(i);
  text.resize(1'000'000);
  DescriptorByteSink sink(fds[1], "the pipe");
  sink.Write(Bytes(text));
  reader.join();
  EXPECT_TRUE(received == text);
  close(fds[0]);
  close(fds[1]);
}

TEST_F(ByteSinkTest, TheWriterFlushesWhatIsLargeEnough) {
  std::string out;
  StringByteSink sink(out);
  BufferedWriter writer(sink, 10);
  writer.Append("12345");
  EXPECT_EQ(out, "");
  EXPECT_EQ(writer.num_bytes(), 5u);
  writer.Append("67890");
  EXPECT_EQ(out, "1234567890");
  writer.buffer() += "x";
  writer.EndPiece();
  writer.Flush();
  EXPECT_EQ(out, "1234567890x");
  EXPECT_EQ(writer.num_bytes(), 11u);
}

TEST_F(ByteSinkTest, CompressedBytesDependOnTheContentAlone) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + "\n";
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const auto compress = [&](size_t piece) {
      std::string out;
      StringByteSink sink(out);
      const auto compressor = MakeCompressor(compression, sink);
      for (size_t i = 0; i < text.size(); i += piece) {
        compressor->Write(Bytes(std::string_view(text).substr(i, piece)));
      }
      compressor->Finish();
      return out;
    };
    const std::string whole = compress(text.size());
    EXPECT_LT(whole.size(), text.size() / 2);
    EXPECT_TRUE(compress(1000) == whole);
    EXPECT_TRUE(compress(77) == whole);
  }
}

TEST_F(ByteSinkTest, AFailingTargetStopsTheCompressor) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no-dev-full";
  const int fd = open("/dev/full", O_WRONLY);
  ASSERT_GE(fd, 0);
  DescriptorByteSink sink(fd, "the device");
  const auto compressor = MakeCompressor(Compression::kGzip, sink);
  EXPECT_THAT(ErrorText<IoError>([&] {
                compressor->Write(Bytes("text"));
                compressor->Finish();
              }),
              HasSubstr("No space left"));
  close(fd);
}

}  // namespace
}  // namespace rowmill
