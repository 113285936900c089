#include "hub/hub_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rowmill {
namespace {

namespace fs = std::filesystem;

class HubCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/hub_cache";
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }

  std::string folder_;
  const std::string commit_ = std::string(40, 'c');
  const HubReference reference_ = {"u", "r", "q8_0"};
};

TEST_F(HubCacheTest, TheRecordSaysWhatAReferenceStandsFor) {
  const HubCache cache(folder_);
  EXPECT_EQ(cache.Find(reference_), std::nullopt);
  const HubModelFiles model = {{{"m-q8_0.gguf", 5, std::string(64, 'a')}}, "m-q8_0.gguf"};
  Write(cache.RecordPath(reference_), cache.RecordWith(reference_, commit_, model));
  EXPECT_EQ(cache.Find(reference_), std::nullopt);  // The file is not there,
  const std::string path = cache.SnapshotFolder(reference_, commit_) + "/m-q8_0.gguf";
  Write(path, "1234");
  EXPECT_EQ(cache.Find(reference_), std::nullopt);  // nor whole.
  Write(path, "12345");
  EXPECT_EQ(cache.Find(reference_), path);
  ASSERT_EQ(cache.List().size(), 1u);
  EXPECT_EQ(cache.List()[0].reference, "hf:u/r:q8_0");
  EXPECT_EQ(cache.List()[0].bytes, 5u);
  // A second reference of the same repository stands beside it.
  const HubReference whole = {"u", "r", ""};
  Write(cache.RecordPath(whole), cache.RecordWith(whole, commit_, model));
  EXPECT_EQ(cache.Find(reference_), path);
  EXPECT_EQ(cache.List().size(), 2u);
}

TEST_F(HubCacheTest, ABrokenRecordSaysNothing) {
  const HubCache cache(folder_);
  const HubModelFiles model = {{{"m.gguf", 1, std::string(64, 'a')}}, "m.gguf"};
  const std::string record = cache.RecordWith(reference_, commit_, model);
  Write(cache.SnapshotFolder(reference_, commit_) + "/m.gguf", "x");
  Write(cache.RecordPath(reference_), record);
  ASSERT_TRUE(cache.Find(reference_));
  // Without its last brace and line end it is no JSON any more.
  for (size_t length = 0; length + 2 <= record.size(); ++length) {
    Write(cache.RecordPath(reference_), record.substr(0, length));
    EXPECT_EQ(cache.Find(reference_), std::nullopt) << length;
    EXPECT_TRUE(cache.List().empty());
  }
  const HubModelFiles evil = {{{"../../m.gguf", 1, "a"}}, "../../m.gguf"};
  Write(cache.RecordPath(reference_), cache.RecordWith(reference_, commit_, evil));
  EXPECT_EQ(cache.Find(reference_), std::nullopt);
}

TEST_F(HubCacheTest, TheHashInABlobsName) {
  const std::string hash(64, 'a');
  Write(folder_ + "/blobs/" + hash, "x");
  Write(folder_ + "/blobs/short", "x");
  fs::create_directories(folder_ + "/snapshots");
  fs::create_symlink("../blobs/" + hash, folder_ + "/snapshots/m.gguf");
  fs::create_symlink("../blobs/short", folder_ + "/snapshots/n.gguf");
  EXPECT_EQ(ExpectedSha256(folder_ + "/snapshots/m.gguf"), hash);
  EXPECT_EQ(ExpectedSha256(folder_ + "/snapshots/n.gguf"), "");
  EXPECT_EQ(ExpectedSha256(folder_ + "/blobs/" + hash), "");
  EXPECT_EQ(ExpectedSha256(folder_ + "/missing"), "");
}

TEST_F(HubCacheTest, TheFolderComesFromTheEnvironment) {
  const char* names[] = {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"};
  const char* folders[] = {"/a", "/b/hub", "/c/huggingface/hub", "/d/.cache/huggingface/hub"};
  const char* values[] = {"/a", "/b", "/c", "/d"};
  std::string saved[4];
  for (size_t i = 0; i < 4; ++i) {
    if (const char* value = std::getenv(names[i])) saved[i] = value;
    setenv(names[i], values[i], 1);
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(HubCacheFolder(), folders[i]);
    unsetenv(names[i]);
  }
  for (size_t i = 0; i < 4; ++i) {
    if (!saved[i].empty()) setenv(names[i], saved[i].c_str(), 1);
  }
}

}  // namespace
}  // namespace rowmill
