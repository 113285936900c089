#include "formats/hugging_face_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "unit/formats/safetensors_builder.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HuggingFaceFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "rowmill_folder_" + info->name();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    Write("config.json", R"({"model_type":"llama","hidden_size":64})");
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
  }
  // One shard with one tensor of four bytes.
  void WriteShard(const std::string& name, const std::string& tensor) {
    Write(name,
          SafetensorsBytes("{\"" + tensor + "\":" + SafetensorsEntryText("F32", "[1]", 0, 4) + "}",
                           "1234"));
  }
  void WriteIndex(const std::string& map) {
    Write("model.safetensors.index.json",
          "{\"metadata\":{\"total_size\":8},\"weight_map\":" + map + "}");
  }
  std::string Failure() {
    try {
      HuggingFaceFolder::Open(path_);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  }

  std::string path_;
};

TEST_F(HuggingFaceFolderTest, ReadsASingleFile) {
  Write("model.safetensors", SmallSafetensors());
  EXPECT_TRUE(HuggingFaceFolder::LooksLikeOne(path_));
  const HuggingFaceFolder folder = HuggingFaceFolder::Open(path_);
  EXPECT_EQ(folder.config().FindInt("hidden_size"), 64);
  EXPECT_EQ(folder.FindTensor("b")->cols(), 3U);
  EXPECT_EQ(folder.FindTensor("x"), nullptr);
  EXPECT_EQ(folder.WhyUnusable("ids"), "has type I64");
  EXPECT_EQ(folder.Files().size(), 2U);
  EXPECT_FALSE(folder.FindJson("tokenizer.json").has_value());
  Write("tokenizer.json", R"({"version":"1.0"})");
  EXPECT_TRUE(folder.FindJson("tokenizer.json").has_value());
  EXPECT_EQ(folder.FindText("tokenizer.json", 100).value_or(""), R"({"version":"1.0"})");
  EXPECT_THROW(folder.FindText("tokenizer.json", 3), ModelError);
}

TEST_F(HuggingFaceFolderTest, ReadsShards) {
  WriteShard("model-00001-of-00002.safetensors", "a");
  WriteShard("model-00002-of-00002.safetensors", "b");
  WriteIndex(R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"})");
  const HuggingFaceFolder folder = HuggingFaceFolder::Open(path_);
  EXPECT_EQ(folder.shards().size(), 2U);
  EXPECT_NE(folder.FindTensor("a"), nullptr);
  EXPECT_NE(folder.FindTensor("b"), nullptr);
}

// M36
TEST_F(HuggingFaceFolderTest, AnIndexNamesPlainFilesOfTheFolderAlone) {
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "a/b.safetensors", "..", ".", "",
                           ".hidden", "a b", "a\\\\b", "a\\u0000b"}) {
    WriteIndex("{\"a\":\"" + std::string(name) + "\"}");
    EXPECT_THAT(Failure(), HasSubstr("not the name of a file")) << name;
  }
  WriteIndex(R"({"a":1})");
  EXPECT_THAT(Failure(), HasSubstr("not the name of a file"));
}

TEST_F(HuggingFaceFolderTest, RefusesAnIndexThatDoesNotFit) {
  WriteShard("one.safetensors", "a");
  WriteShard("two.safetensors", "a");
  WriteIndex(R"({"a":"one.safetensors","b":"two.safetensors"})");
  EXPECT_THAT(Failure(), AllOf(HasSubstr("'b'"), HasSubstr("does not have it")));
  WriteShard("two.safetensors", "b");
  EXPECT_EQ(Failure(), "");
  WriteIndex(R"({"a":"one.safetensors","b":"three.safetensors"})");
  EXPECT_THAT(Failure(), HasSubstr("'three.safetensors' is missing"));
  WriteIndex("{}");
  EXPECT_THAT(Failure(), HasSubstr("0 shards"));
  WriteIndex("[]");
  EXPECT_THAT(Failure(), HasSubstr("no object weight_map"));
  Write("two.safetensors",
        SafetensorsBytes("{\"a\":" + SafetensorsEntryText("F32", "[1]", 0, 4) +
                             ",\"b\":" + SafetensorsEntryText("F32", "[1]", 4, 8) + "}",
                         "12345678"));
  WriteIndex(R"({"a":"one.safetensors","b":"two.safetensors"})");
  EXPECT_THAT(Failure(), HasSubstr("'a' is in two shards"));
}

// M37, M38
TEST_F(HuggingFaceFolderTest, SaysWhatIsMissing) {
  EXPECT_THAT(Failure(), HasSubstr("neither model.safetensors nor"));
  Write("pytorch_model.bin", "PK");
  EXPECT_THAT(Failure(), AllOf(HasSubstr("pytorch_model.bin"), HasSubstr("never loaded")));
  Write("config.json", "[]");
  EXPECT_THAT(Failure(), HasSubstr("not a JSON object"));
  std::filesystem::remove(path_ + "/config.json");
  EXPECT_THAT(Failure(), HasSubstr("no config.json"));
  EXPECT_FALSE(HuggingFaceFolder::LooksLikeOne(path_));
}

}  // namespace
}  // namespace rowmill
