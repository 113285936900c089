#include "tasks/media_rows.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "data/source.h"

namespace rowmill {
namespace {

class MediaRowsTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(root_ + "/" + name, std::ios::binary) << content;
  }

  // The input of a JSONL row.
  const ModelInput& Prepare(const std::string& line) {
    SourceOptions options;
    options.format = Format::kJsonl;
    const std::string text = line + "\n";
    const auto source = MakeSource(
        std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(text), "'memory'"),
        options);
    Record record;
    EXPECT_TRUE(source->Next(record));
    MediaRowsOptions rows;
    rows.base_folder = root_;
    rows.max_file_bytes = 100;
    MediaRows(file_system_, rows)
        .Prepare(record, scratch_, input_,
                 [](std::span<const std::byte> content, ModelInput& made) {
                   made.cost = static_cast<uint32_t>(content.size());
                   if (content[0] == std::byte{'?'}) {
                     made.status = RowStatus::kError;
                     made.error = "not one of ours";
                   }
                 });
    return input_;
  }

  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_ = [] {
    std::string pattern = ::testing::TempDir() + "media-XXXXXX";
    return std::string(mkdtemp(pattern.data()));
  }();
  std::shared_ptr<FileSystem> file_system_ = MakePosixFileSystem();
  PrepareScratch scratch_;
  ModelInput input_;
};

TEST_F(MediaRowsTest, EqualContentIsEqualInput) {
  Write("a", "content");
  Write("b", "content");
  Write("c", "contenT");
  const std::vector<int32_t> ids = Prepare(R"({"path":"a"})").tokens;
  EXPECT_EQ(input_.path, root_ + "/a");
  EXPECT_EQ(input_.cost, 7u);
  EXPECT_EQ(input_.status, RowStatus::kOk);
  ASSERT_EQ(ids.size(), 8u);
  for (const int32_t id : ids) EXPECT_GE(id, 0);
  EXPECT_EQ(Prepare(R"({"path":"b"})").tokens, ids);
  EXPECT_NE(Prepare(R"({"path":"c"})").tokens, ids);
  EXPECT_EQ(Prepare("{\"path\":\"" + root_ + "/b\"}").tokens, ids) << "an absolute path";
  // sha256("content") begins with ed7002b4.
  EXPECT_EQ(static_cast<uint32_t>(ids[0]), 0xed7002b4u >> 1);
}

TEST_F(MediaRowsTest, SaysWhatIsWrong) {
  Write("empty", "");
  Write("large", std::string(101, 'x'));
  Write("other", "?");
  mkfifo((root_ + "/pipe").c_str(), 0600);
  std::filesystem::create_symlink("nothing", root_ + "/dangling");
  const struct {
    const char* row;
    RowStatus status;
    const char* error;
  } cases[] = {
      {R"({"other":"a"})", RowStatus::kInvalid, "column 'path' is missing"},
      {R"({"path":null})", RowStatus::kInvalid, "column 'path' is null"},
      {R"({"path":3})", RowStatus::kInvalid, "column 'path' is a number, not a path"},
      {R"({"path":""})", RowStatus::kInvalid, "column 'path' is empty"},
      {"{\"path\":\"a\xff\"}", RowStatus::kInvalid, "column 'path' is not valid UTF-8"},
      {R"({"path":"no"})", RowStatus::kError, "there is no such file"},
      {R"({"path":"empty"})", RowStatus::kError, "the file is empty"},
      {R"({"path":"."})", RowStatus::kError, "the file is a folder"},
      {R"({"path":"pipe"})", RowStatus::kError, "the file is no regular file"},
      {R"({"path":"dangling"})", RowStatus::kError, "the file cannot be read"},
      {R"({"path":"other"})", RowStatus::kError, "not one of ours"},
      {R"({"path":"large"})", RowStatus::kError,
       "the file has 101 bytes, more than the limit of 100"},
  };
  for (const auto& expected : cases) {
    const ModelInput& input = Prepare(expected.row);
    EXPECT_EQ(input.status, expected.status) << expected.row;
    EXPECT_EQ(input.error, expected.error) << expected.row;
    EXPECT_TRUE(input.tokens.empty());
    EXPECT_TRUE(input.path.empty());
  }
  EXPECT_EQ(scratch_.report.rows, std::size(cases));
}

}  // namespace
}  // namespace rowmill
