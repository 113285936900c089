#include "base/mapped_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class MappedArrayTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "rowmill_mapped_array_" + std::to_string(getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  size_t NumFiles() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string folder_;
};

uint64_t StatusKilobytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    uint64_t value = 0;
    if (word == key + ":" && status >> value) return value;
  }
  return 0;
}

TEST_F(MappedArrayTest, GrowsAndKeepsItsElements) {
  auto array = MappedArray<uint64_t>::InFolder(folder_);
  EXPECT_TRUE(array.empty());
  EXPECT_TRUE(array.span().empty());
  for (uint64_t i = 0; i < 100'000; ++i) array.push_back(i * i);
  ASSERT_EQ(array.size(), 100'000U);
  for (uint64_t i = 0; i < 100'000; ++i) ASSERT_EQ(array[i], i * i);
  const uint64_t some[] = {7, 8, 9};
  array.Append(some);
  EXPECT_EQ(array[100'002], 9U);
  EXPECT_EQ(std::accumulate(array.begin() + 100'000, array.end(), uint64_t{0}), 24U);
  EXPECT_EQ(NumFiles(), 0U) << "a nameless file has a name";
}

TEST_F(MappedArrayTest, PushingAnOwnElementSurvivesTheMove) {
  auto array = MappedArray<uint64_t>::InFolder(folder_);
  array.push_back(42);
  for (int i = 0; i < 50'000; ++i) array.push_back(array[0]);
  for (const uint64_t value : array) ASSERT_EQ(value, 42U);
}

TEST_F(MappedArrayTest, ResizeFillsNewElementsAlsoWhereOldOnesWere) {
  auto array = MappedArray<uint32_t>::InFolder(folder_);
  array.Resize(10, 5);
  array.Resize(3);
  array.Resize(10);
  EXPECT_EQ(array[2], 5U);
  EXPECT_EQ(array[3], 0U);
  EXPECT_EQ(array[9], 0U);
  array.clear();
  EXPECT_EQ(array.size(), 0U);
}

TEST_F(MappedArrayTest, ANamedFileStartsEmptyIsPrivateAndIsRemoved) {
  const std::string path = folder_ + "/scratch-offsets";
  std::ofstream(path) << "old content of another run";
  {
    auto array = MappedArray<uint64_t>::AtPath(path);
    array.Resize(4);
    for (const uint64_t value : array) EXPECT_EQ(value, 0U);
    EXPECT_EQ(NumFiles(), 1U);
  }
  EXPECT_FALSE(fs::exists(path));
  const auto array = MappedArray<uint64_t>::AtPath(path);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(MappedArrayTest, MovingHandsTheFileOver) {
  auto first = MappedArray<int>::AtPath(folder_ + "/scratch-a");
  first.push_back(1);
  MappedArray<int> second = std::move(first);
  second.push_back(2);
  EXPECT_EQ(second[0], 1);
  EXPECT_EQ(second[1], 2);
}

TEST_F(MappedArrayTest, ElementsAreNoAnonymousMemory) {
  const uint64_t before = StatusKilobytes("RssAnon");
  auto array = MappedArray<uint64_t>::InFolder(folder_);
  constexpr size_t kCount = size_t{4} << 20;  // 32 MiB
  array.Resize(kCount, 1);
  EXPECT_EQ(std::accumulate(array.begin(), array.end(), uint64_t{0}), kCount);
  EXPECT_LT(StatusKilobytes("RssAnon"), before + 4096);
}

TEST_F(MappedArrayTest, AFullDiskIsAnErrorNotASignal) {
  // The limit on file sizes stands in for a full disk: both come back from the reservation.
  struct rlimit old_limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  auto array = MappedArray<uint64_t>::InFolder(folder_);
  for (uint64_t i = 0; i < 1000; ++i) array.push_back(i);
  struct rlimit limit = old_limit;
  limit.rlim_cur = 1 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::string message;
  try {
    for (uint64_t i = 1000; i < 1'000'000; ++i) array.push_back(i);
  } catch (const IoError& error) {
    message = error.what();
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(message, HasSubstr("cannot grow the scratch file"));
  EXPECT_THAT(message, HasSubstr(folder_));
  ASSERT_GE(array.size(), 1000U);
  for (uint64_t i = 0; i < array.size(); ++i) ASSERT_EQ(array[i], i);
  const size_t kept = array.size();
  array.push_back(kept);  // There is room again.
  EXPECT_EQ(array[kept], kept);
}

TEST_F(MappedArrayTest, ARealFullDiskGivesBackWhatItTook) {
  const std::string small = "/dev/shm";
  std::error_code error;
  const fs::space_info before = fs::space(small, error);
  if (error || before.capacity == 0 || before.capacity > uint64_t{1} << 40 ||
      access(small.c_str(), W_OK) != 0) {
    GTEST_SKIP() << "no small file system to fill";
  }
  auto array = MappedArray<uint64_t>::InFolder(small);
  array.push_back(3);
  EXPECT_THROW(array.Reserve(before.capacity), IoError);  // Eight times its size in bytes.
  EXPECT_EQ(array[0], 3U);
  const fs::space_info after = fs::space(small);
  EXPECT_LT(before.free, after.free + (uint64_t{16} << 20));
}

TEST_F(MappedArrayTest, TooLargeAndImpossiblePlacesAreTypedErrors) {
  auto array = MappedArray<uint64_t>::InFolder(folder_);
  EXPECT_THROW(array.Reserve(~size_t{0}), ResourceError);
  EXPECT_THROW(array.Reserve(~size_t{0} / 8), ResourceError);
  EXPECT_THROW(MappedArray<int>::InFolder(folder_ + "/missing"), IoError);
  EXPECT_THROW(MappedArray<int>::AtPath(folder_ + "/missing/a"), IoError);
  EXPECT_THROW(MappedArray<int>::AtPath(folder_), IoError);
}

}  // namespace
}  // namespace rowmill
