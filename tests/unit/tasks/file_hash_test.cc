#include "tasks/file_hash.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/hash.h"

namespace rowmill {
namespace {

class FileHashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/file_hash";
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    path_ = root_ + "/model.gguf";
    hashes_ = root_ + "/deep/hashes";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::string Hash(const std::string& text) {
    return FileSha256(path_, AsBytes(text), *file_system_, hashes_);
  }
  std::string Entry() {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(hashes_)) {
      EXPECT_TRUE(found.empty()) << "more than one entry";
      found = entry.path();
    }
    return found;
  }

  std::unique_ptr<FileSystem> file_system_ = MakePosixFileSystem();
  std::string root_, path_, hashes_;
};

TEST_F(FileHashTest, HashesAndRemembers) {
  Write("abc");
  const std::string expected = Sha256Hex(AsBytes("abc"));
  EXPECT_EQ(Hash("abc"), expected);
  // What is remembered is not computed again: bytes that are not the file's show it.
  EXPECT_EQ(Hash("abd"), expected);
  EXPECT_EQ(FileSha256(path_, AsBytes("abd"), *file_system_, ""), Sha256Hex(AsBytes("abd")));
}

TEST_F(FileHashTest, AChangedFileIsHashedAnew) {
  Write("abc");
  Hash("abc");
  Write("abcd");
  EXPECT_EQ(Hash("abcd"), Sha256Hex(AsBytes("abcd")));
  EXPECT_EQ(Hash("abce"), Sha256Hex(AsBytes("abcd")));
  // The same size, another time.
  std::filesystem::last_write_time(
      path_, std::filesystem::last_write_time(path_) + std::chrono::seconds(1));
  EXPECT_EQ(Hash("abcf"), Sha256Hex(AsBytes("abcf")));
}

TEST_F(FileHashTest, DamagedEntriesCountForNothing) {
  Write("abc");
  const std::string expected = Hash("abc");
  std::ifstream in(Entry());
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  for (size_t size = 0; size < text.size(); ++size) {
    std::ofstream(Entry()) << text.substr(0, size);
    ASSERT_EQ(Hash("abc"), expected) << size;
  }
  std::string other = text;
  other[other.size() - 2] = 'x';  // no hexadecimal digit
  std::ofstream(Entry()) << other;
  EXPECT_EQ(Hash("abc"), expected);
}

TEST_F(FileHashTest, AFolderThatCannotBeWrittenIsNoTrouble) {
  Write("abc");
  std::ofstream(root_ + "/deep") << "a file where the folder should be";
  EXPECT_EQ(Hash("abc"), Sha256Hex(AsBytes("abc")));
  EXPECT_EQ(FileSha256(root_ + "/missing", AsBytes("x"), *file_system_, hashes_),
            Sha256Hex(AsBytes("x")));
}

TEST_F(FileHashTest, LongFilesAreHashedInPieces) {
  const std::string text(3'500'001, 'z');
  EXPECT_EQ(FileSha256(path_, AsBytes(text), *file_system_, ""), Sha256Hex(AsBytes(text)));
}

}  // namespace
}  // namespace rowmill
