#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string ReadAll(File& file, uint64_t offset, size_t size) {
  std::string out(size, '\0');
  out.resize(file.ReadAt(offset, {reinterpret_cast<std::byte*>(out.data()), out.size()}));
  return out;
}

// The text of the IoError that `call` throws, or a note that none came.
template <typename Call>
std::string IoErrorText(Call call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.what();
  }
  return "(no IoError)";
}

class PosixFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/rowmill_fs_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -rf '" + folder_ + "'").c_str()), 0); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& content) {
    const auto file = fs_->Open(Path(name), OpenMode::kTruncate);
    file->WriteAt(0, Bytes(content));
    file->Close();
  }
  std::string Read(const std::string& name) {
    const auto file = fs_->Open(Path(name), OpenMode::kRead);
    return ReadAll(*file, 0, 1 << 20);
  }

  std::unique_ptr<FileSystem> fs_ = MakePosixFileSystem();
  std::string folder_;
};

TEST_F(PosixFileSystemTest, WritesAndReadsAtPositions) {
  const auto file = fs_->Open(Path("a"), OpenMode::kCreateNew);
  file->WriteAt(3, Bytes("defg"));
  file->WriteAt(0, Bytes("abc"));
  EXPECT_EQ(ReadAll(*file, 0, 100), "abcdefg");
  EXPECT_EQ(ReadAll(*file, 5, 1), "f");
  EXPECT_EQ(ReadAll(*file, 7, 10), "");
  EXPECT_EQ(ReadAll(*file, 700, 10), "");
  file->Truncate(2);
  EXPECT_EQ(file->Info().size, 2u);
  file->Sync();
  file->Close();
  EXPECT_EQ(Read("a"), "ab");
}

TEST_F(PosixFileSystemTest, OpenModesDifferInWhatTheyKeep) {
  Write("a", "old");
  EXPECT_THAT(IoErrorText([&] { fs_->Open(Path("a"), OpenMode::kCreateNew); }),
              AllOf(HasSubstr("create"), HasSubstr(Path("a")), HasSubstr("exists")));
  fs_->Open(Path("a"), OpenMode::kReadWrite)->Close();
  EXPECT_EQ(Read("a"), "old");
  fs_->Open(Path("a"), OpenMode::kTruncate)->Close();
  EXPECT_EQ(Read("a"), "");
  EXPECT_THAT(IoErrorText([&] { fs_->Open(Path("none"), OpenMode::kRead); }),
              AllOf(HasSubstr(Path("none")), HasSubstr("No such file")));
  EXPECT_THAT(IoErrorText([&] { fs_->Open(folder_, OpenMode::kRead); }),
              HasSubstr("Is a directory"));
}

TEST_F(PosixFileSystemTest, AFifoWithoutAWriterDoesNotHang) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  const auto file = fs_->Open(Path("fifo"), OpenMode::kRead);
  EXPECT_EQ(file->Info().kind, FileInfo::Kind::kOther);
  EXPECT_THAT(IoErrorText([&] { ReadAll(*file, 0, 1); }), HasSubstr("at byte 0"));
}

TEST_F(PosixFileSystemTest, InfoTellsFilesApart) {
  Write("a", "12345");
  Write("b", "12345");
  ASSERT_EQ(link(Path("a").c_str(), Path("hard").c_str()), 0);
  ASSERT_EQ(symlink("a", Path("soft").c_str()), 0);
  const FileInfo a = fs_->Info(Path("a"));
  EXPECT_EQ(a.size, 5u);
  EXPECT_EQ(a.kind, FileInfo::Kind::kRegular);
  EXPECT_GT(a.mtime_ns, 1'500'000'000'000'000'000);
  EXPECT_EQ(fs_->Info(Path("hard")).inode, a.inode);
  EXPECT_EQ(fs_->Info(Path("soft")).inode, a.inode);
  EXPECT_NE(fs_->Info(Path("b")).inode, a.inode);
  EXPECT_EQ(fs_->Open(Path("a"), OpenMode::kRead)->Info().inode, a.inode);
  EXPECT_EQ(fs_->Info(folder_).kind, FileInfo::Kind::kFolder);
  EXPECT_THAT(IoErrorText([&] { fs_->Info(Path("none")); }), HasSubstr(Path("none")));
}

TEST_F(PosixFileSystemTest, ExistsSeesDanglingLinksAndReportsWhatItCannotKnow) {
  EXPECT_FALSE(fs_->Exists(Path("a")));
  Write("a", "");
  EXPECT_TRUE(fs_->Exists(Path("a")));
  EXPECT_FALSE(fs_->Exists(Path("a/below")));
  ASSERT_EQ(symlink("nowhere", Path("dangling").c_str()), 0);
  EXPECT_TRUE(fs_->Exists(Path("dangling")));
  EXPECT_THAT(IoErrorText([&] { fs_->Exists(Path(std::string(5000, 'x'))); }),
              HasSubstr("too long"));
}

TEST_F(PosixFileSystemTest, RenamesRemovesAndLists) {
  Write("b", "new");
  Write("a", "old");
  fs_->CreateFolder(Path("sub"));
  fs_->CreateFolder(Path("sub"));
  EXPECT_THAT(fs_->List(folder_), ElementsAre("a", "b", "sub"));
  fs_->Rename(Path("b"), Path("a"));
  EXPECT_EQ(Read("a"), "new");
  EXPECT_THAT(IoErrorText([&] { fs_->RemoveFolder(folder_); }), HasSubstr("not empty"));
  fs_->Remove(Path("a"));
  fs_->RemoveFolder(Path("sub"));
  EXPECT_THAT(fs_->List(folder_), ElementsAre());
  fs_->SyncFolder(folder_);
  EXPECT_THAT(IoErrorText([&] { fs_->Remove(Path("a")); }), HasSubstr("cannot remove"));
  EXPECT_THAT(IoErrorText([&] { fs_->Rename(Path("x"), Path("y")); }),
              AllOf(HasSubstr(Path("x")), HasSubstr(Path("y"))));
  EXPECT_THAT(IoErrorText([&] { fs_->List(Path("none")); }), HasSubstr(Path("none")));
  EXPECT_THAT(IoErrorText([&] { fs_->SyncFolder(Path("none")); }), HasSubstr(Path("none")));
}

TEST_F(PosixFileSystemTest, AFolderOverAFileIsRefusedAndNewFoldersArePrivate) {
  Write("a", "");
  EXPECT_THAT(IoErrorText([&] { fs_->CreateFolder(Path("a")); }), HasSubstr("exists"));
  fs_->CreateFolder(Path("private"));
  struct stat info = {};
  ASSERT_EQ(stat(Path("private").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 077, 0u);
}

TEST_F(PosixFileSystemTest, StrangeNamesWork) {
  const std::string name = "with space\nnew line \xff\xfe";
  Write(name, "x");
  EXPECT_THAT(fs_->List(folder_), ElementsAre(name));
  EXPECT_EQ(Read(name), "x");
}

TEST_F(PosixFileSystemTest, FreeBytesAnswersForAFileThatIsNotThereYet) {
  EXPECT_GT(fs_->FreeBytes(folder_), 0u);
  EXPECT_GT(fs_->FreeBytes(Path("later")), 0u);
  EXPECT_THAT(IoErrorText([&] { fs_->FreeBytes(Path("no/where")); }), HasSubstr("free space"));
}

TEST_F(PosixFileSystemTest, OneHolderOfALockAndANewFileAfterItsRemoval) {
  auto first = fs_->OpenLocked(Path("lock"));
  first->WriteAt(0, Bytes("pid"));
  try {
    fs_->OpenLocked(Path("lock"));
    FAIL() << "a second lock was given";
  } catch (const ResourceError& error) {
    EXPECT_THAT(error.what(), HasSubstr(Path("lock")));
    EXPECT_EQ(error.exit_code(), ExitCode::kResource);
  }
  first->Close();
  auto second = fs_->OpenLocked(Path("lock"));
  EXPECT_EQ(ReadAll(*second, 0, 10), "pid");
  fs_->Remove(Path("lock"));
  EXPECT_NO_THROW(fs_->OpenLocked(Path("lock")));
}

TEST_F(PosixFileSystemTest, ALockDiesWithItsProcess) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = fs_->OpenLocked(Path("lock"));
    const char done = 1;
    if (write(ready[1], &done, 1) != 1) _exit(1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THROW(fs_->OpenLocked(Path("lock")), ResourceError);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_NO_THROW(fs_->OpenLocked(Path("lock")));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(PosixFileSystemTest, AFullDiskNamesThePathAndTheFreeBytes) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no-dev-full";
  const auto file = fs_->Open("/dev/full", OpenMode::kReadWrite);
  EXPECT_THAT(IoErrorText([&] { file->WriteAt(0, Bytes("x")); }),
              AllOf(HasSubstr("cannot write '/dev/full' at byte 0"), HasSubstr("No space left"),
                    HasSubstr("bytes are free"), HasSubstr("run the same command again")));
}

TEST_F(PosixFileSystemTest, SpecialFilesHaveNothingToSync) {
  const auto file = fs_->Open("/dev/null", OpenMode::kReadWrite);
  file->WriteAt(0, Bytes("x"));
  EXPECT_NO_THROW(file->Sync());
  EXPECT_NO_THROW(file->Close());
}

// RLIMIT_FSIZE gives both faults at once: first a short write up to the limit, then EFBIG.
TEST_F(PosixFileSystemTest, AShortWriteIsContinuedUntilTheRealReasonShows) {
  const auto file = fs_->Open(Path("limited"), OpenMode::kTruncate);
  struct rlimit saved = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &saved), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {10'000, saved.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string text = IoErrorText([&] { file->WriteAt(0, Bytes(std::string(20'000, 'x'))); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &saved), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_THAT(text, AllOf(HasSubstr("at byte 10000"), HasSubstr("too large")));
  EXPECT_EQ(file->Info().size, 10'000u);
}

TEST_F(PosixFileSystemTest, ReadingAWriteOnlyPlaceAndPositionsOutOfRangeAreErrors) {
  const auto reader = fs_->Open("/dev/null", OpenMode::kRead);
  EXPECT_THAT(IoErrorText([&] { reader->WriteAt(7, Bytes("x")); }), HasSubstr("at byte 7"));
  const auto file = fs_->Open(Path("a"), OpenMode::kTruncate);
  EXPECT_THAT(IoErrorText([&] { file->WriteAt(~uint64_t{0} - 5, Bytes("x")); }),
              HasSubstr("write"));
  EXPECT_THAT(IoErrorText([&] { file->Truncate(~uint64_t{0}); }), HasSubstr("size"));
}

void IgnoreSignal(int) {}

// Signals without SA_RESTART, as fast as they can be sent, while another thread reads and writes.
TEST_F(PosixFileSystemTest, SignalsNeverReachTheCaller) {
  struct sigaction action = {};
  struct sigaction saved = {};
  action.sa_handler = IgnoreSignal;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &saved), 0);
  std::atomic<bool> done = false;
  const pthread_t worker = pthread_self();
  std::thread sender([&] {
    while (!done) {
      pthread_kill(worker, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  const std::string block(100'000, 'y');
  const auto file = fs_->Open(Path("a"), OpenMode::kTruncate);
  for (int i = 0; i < 50; ++i) {
    file->WriteAt(0, Bytes(block));
    file->Sync();
    EXPECT_EQ(ReadAll(*file, 0, block.size()), block);
  }
  file->Close();
  done = true;
  sender.join();
  sigaction(SIGUSR1, &saved, nullptr);
}

TEST(ParentFolderTest, IsTheFolderPartOrADot) {
  EXPECT_EQ(ParentFolder("a"), ".");
  EXPECT_EQ(ParentFolder(""), ".");
  EXPECT_EQ(ParentFolder("/"), "/");
  EXPECT_EQ(ParentFolder("/a"), "/");
  EXPECT_EQ(ParentFolder("/a/b"), "/a");
  EXPECT_EQ(ParentFolder("a/b/"), "a");
  EXPECT_EQ(ParentFolder("a//b"), "a");
  EXPECT_EQ(ParentFolder("../x"), "..");
}

}  // namespace
}  // namespace rowmill
