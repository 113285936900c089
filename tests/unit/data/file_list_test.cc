#include "data/file_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "data/source.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A tree of empty files in the test's folder.
class FileListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"b.jpg", "a.jpg", "C.JPG", ".hidden.jpg", "notes.txt", "x/2.png",
                             "x/10.jpg", "y/z/deep.webp", "y/.git/no.png", "odd[1].jpg"}) {
      Make(name);
    }
  }

  void Make(const std::string& name) {
    const std::filesystem::path path = std::filesystem::path(root_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }

  // Relative to the root.
  std::vector<std::string> List(std::vector<std::string> patterns,
                                std::vector<std::string> suffixes = {},
                                const std::string& output = "") {
    for (std::string& pattern : patterns) pattern = root_ + "/" + pattern;
    FilePatterns files = {std::move(patterns), std::move(suffixes),
                          output.empty() ? "" : root_ + "/" + output};
    std::vector<std::string> paths = ListFiles(*file_system_, files);
    for (std::string& path : paths) {
      EXPECT_TRUE(path.starts_with(root_ + "/")) << path;
      path = path.substr(root_.size() + 1);
    }
    return paths;
  }

  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_ = [] {
    std::string pattern = ::testing::TempDir() + "files-XXXXXX";
    return std::string(mkdtemp(pattern.data()));
  }();
  std::unique_ptr<FileSystem> file_system_ = MakePosixFileSystem();
};

TEST_F(FileListTest, PatternsMatchPartByPartInTheOrderOfBytes) {
  EXPECT_THAT(List({"*.jpg"}), ElementsAre("a.jpg", "b.jpg", "odd[1].jpg"));
  EXPECT_THAT(List({"*.[jJ]*"}), ElementsAre("C.JPG", "a.jpg", "b.jpg", "odd[1].jpg"));
  EXPECT_THAT(List({"?/*"}), ElementsAre("x/10.jpg", "x/2.png", "y/z"));
  EXPECT_THAT(List({"*/z/*.webp"}), ElementsAre("y/z/deep.webp"));
  EXPECT_THAT(List({".*.jpg"}), ElementsAre(".hidden.jpg"));
}

TEST_F(FileListTest, EachPatternKeepsItsPlace) {
  EXPECT_THAT(List({"x/*", "a.jpg", "*.jpg"}),
              ElementsAre("x/10.jpg", "x/2.png", "a.jpg", "a.jpg", "b.jpg", "odd[1].jpg"));
}

TEST_F(FileListTest, NamesAreTakenAsTheyAre) {
  EXPECT_THAT(List({"missing.jpg"}), ElementsAre("missing.jpg"));
  EXPECT_THAT(List({"odd[1].jpg"}), ElementsAre("odd[1].jpg"));
}

TEST_F(FileListTest, FoldersAreSearched) {
  EXPECT_THAT(List({"."}, {".jpg", ".png", ".webp"}),
              ElementsAre("./C.JPG", "./a.jpg", "./b.jpg", "./odd[1].jpg", "./x/10.jpg",
                          "./x/2.png", "./y/z/deep.webp"));
  EXPECT_THAT(List({"y"}), ElementsAre("y/z/deep.webp"));
}

TEST_F(FileListTest, ALinkThatLeadsBackEndsTheSearch) {
  std::filesystem::create_directory_symlink(root_, root_ + "/x/up");
  EXPECT_EQ(List({"x"}, {".jpg"}).size(), 5u) << "10.jpg, and the four of the root";
}

TEST_F(FileListTest, TheOutputIsNoInput) {
  Make("out.jsonl");
  Make("out.jsonl.run.json");
  Make("out2.jsonl");
  EXPECT_THAT(List({"out*"}, {}, "./out.jsonl"), ElementsAre("out2.jsonl"));
}

TEST_F(FileListTest, NothingFoundIsSaid) {
  const auto message = [&](const std::string& pattern, std::vector<std::string> suffixes) {
    try {
      List({pattern}, std::move(suffixes));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message("*.gif", {}), HasSubstr("no file matches"));
  EXPECT_THAT(message("none/*.gif", {}), HasSubstr("no file matches"));
  EXPECT_THAT(message("x", {".wav", ".mp3"}), HasSubstr("one of the endings .wav .mp3"));
}

TEST_F(FileListTest, IsReadAsRowsTwice) {
  for (const char* spool : {"", "/spool"}) {
    SourceOptions options;
    options.input.path = "the list";
    options.input.files = {{root_ + "/*.jpg", "a\"\n.jpg"}, {}, ""};
    options.input.spool_path = *spool == '\0' ? "" : root_ + spool;
    const std::unique_ptr<Source> source = OpenSource(*file_system_, options);
    for (int pass = 0; pass < 2; ++pass) {
      std::vector<std::string> paths;
      Record record;
      while (source->Next(record)) paths.push_back(record.Field("path")->text);
      EXPECT_THAT(paths, ElementsAre(root_ + "/a.jpg", root_ + "/b.jpg", root_ + "/odd[1].jpg",
                                     "a\"\n.jpg"));
      ASSERT_TRUE(source->can_rewind());
      source->Rewind();
    }
  }
}

TEST(FileListNameTest, SaysTheFirst) {
  EXPECT_EQ(DescribeFiles({{"p/*.jpg"}, {}, ""}), "p/*.jpg");
  EXPECT_EQ(DescribeFiles({{"a", "b", "c"}, {}, ""}), "a and 2 more");
}

}  // namespace
}  // namespace rowmill
