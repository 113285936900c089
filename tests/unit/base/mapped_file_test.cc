#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

class MappedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = ::testing::TempDir() + "rowmill_mapped_" + info->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // The message of the ModelError that mapping `path` gives.
  static std::string Failure(const std::string& path) {
    try {
      const MappedFile file(path);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  }

  std::string folder_;
};

std::string Text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(MappedFileTest, ShowsTheWholeFile) {
  const std::string content = std::string("weights\0and more", 16) + std::string(10000, 'x');
  const std::string path = Write("model", content);
  const MappedFile file(path);
  EXPECT_EQ(Text(file), content);
  EXPECT_EQ(file.path(), path);
}

TEST_F(MappedFileTest, AcceptsAnEmptyFile) {
  EXPECT_TRUE(MappedFile(Write("empty", "")).bytes().empty());
}

TEST_F(MappedFileTest, MovesWithoutMappingAgain) {
  MappedFile first(Write("model", "abc"));
  const std::byte* const data = first.bytes().data();
  MappedFile second(std::move(first));
  EXPECT_EQ(second.bytes().data(), data);
  MappedFile third(Write("other", "defg"));
  third = std::move(second);
  EXPECT_EQ(Text(third), "abc");
}

TEST_F(MappedFileTest, KeepsTheContentOfAReplacedFile) {
  const std::string path = Write("model", "old content");
  const MappedFile file(path);
  std::filesystem::rename(Write("new", "new"), path);
  EXPECT_EQ(Text(file), "old content");
}

TEST_F(MappedFileTest, RefusesWhatIsNotARegularFile) {
  EXPECT_NE(Failure(folder_).find("folder"), std::string::npos);
  EXPECT_NE(Failure("/dev/zero").find("not a regular file"), std::string::npos);
  EXPECT_NE(Failure(folder_ + "/missing"), "");
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(Failure(fifo).find("not a regular file"), std::string::npos);  // and does not hang
}

TEST_F(MappedFileTest, RefusesALinkThatPointsAtItself) {
  const std::string path = folder_ + "/loop";
  ASSERT_EQ(symlink(path.c_str(), path.c_str()), 0);
  EXPECT_NE(Failure(path), "");
}

TEST_F(MappedFileTest, MapsAFileOfATerabyteWithoutReadingIt) {
  const std::string path = Write("sparse", "GGUF");
  if (truncate(path.c_str(), off_t{1} << 40) != 0) GTEST_SKIP() << "no sparse files here";
  const MappedFile file(path);
  EXPECT_EQ(file.bytes().size(), size_t{1} << 40);
  EXPECT_EQ(std::memcmp(file.bytes().data(), "GGUF", 4), 0);
}

}  // namespace
}  // namespace rowmill
