#include "tasks/model_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ModelReferenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/model_reference";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Touch(const std::string& name) {
    std::ofstream(folder_ + "/" + name) << "x";
    return folder_ + "/" + name;
  }
  std::string Message(const std::string& reference) {
    try {
      ResolveModel(reference, folder_);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  std::string folder_;
};

TEST_F(ModelReferenceTest, PathsAndAliases) {
  const std::string path = Touch("some.gguf");
  EXPECT_EQ(ResolveModel(path, folder_), path);
  EXPECT_THAT(Message("smollm2"), AllOf(HasSubstr("SmolLM2-135M-Instruct.Q4_1.gguf"),
                                        HasSubstr("scripts/get_model.sh")));
  const std::string smollm2 = Touch("SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(ResolveModel("smollm2", folder_), smollm2);
  EXPECT_EQ(ResolveModel("", folder_), smollm2);
}

TEST_F(ModelReferenceTest, SaysWhatIsWrongAndWhatToDo) {
  EXPECT_THAT(Message("hf:nobody/nothing-of-this-name:Q4_1"),
              HasSubstr("rowmill models pull hf:nobody/nothing-of-this-name:Q4_1"));
  EXPECT_THAT(Message("smolm2"), HasSubstr("did you mean 'smollm2'"));
  EXPECT_THAT(Message(folder_ + "/missing.gguf"), HasSubstr("no such file"));
  EXPECT_THAT(Message(folder_), HasSubstr("folder"));
}

TEST_F(ModelReferenceTest, AnAliasMayBeAFolder) {
  std::filesystem::create_directories(folder_ + "/minilm");
  EXPECT_FALSE(IsHere(ModelAliases()[1], folder_));
  Touch("minilm/config.json");
  EXPECT_TRUE(IsHere(ModelAliases()[1], folder_));
  EXPECT_EQ(ResolveModel("minilm", folder_), folder_ + "/minilm");
}

TEST_F(ModelReferenceTest, TheFolderComesFromTheEnvironment) {
  const char* before = std::getenv("ROWMILL_MODELS");
  const std::string saved = before != nullptr ? before : "";
  setenv("ROWMILL_MODELS", "/somewhere", 1);
  EXPECT_EQ(ModelFolder(), "/somewhere");
  unsetenv("ROWMILL_MODELS");
  EXPECT_THAT(ModelFolder(), HasSubstr(".cache/rowmill/models"));
  if (before != nullptr) setenv("ROWMILL_MODELS", saved.c_str(), 1);
}

}  // namespace
}  // namespace rowmill
