#include "tasks/loaded_model.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/hash.h"
#include "support/shared_data.h"

namespace rowmill {
namespace {

LoadOptions Options() {
  LoadOptions options;
  options.kernels = &kernels::ScalarTable();
  return options;
}

TEST(LoadModel, LoadsEverythingOfSmolLm2) {
  const auto path = testing::ModelPath(testing::kSmolLm2);
  if (!path) GTEST_SKIP() << "absent: " << testing::kSmolLm2;
  const auto file_system = MakePosixFileSystem();
  const std::string hashes = ::testing::TempDir() + "/loaded_model_hashes";
  std::filesystem::remove_all(hashes);
  ThreadTeam team(1);
  const LoadedModel model =
      LoadModel(*path, Options(), team, *file_system, {.hash_folder = hashes, .packed_folder = {}});
  EXPECT_EQ(model.path, *path);
  EXPECT_EQ(model.reference, *path);
  EXPECT_EQ(model.sha256, Sha256Hex(model.file->gguf()->bytes()));
  ASSERT_NE(model.chat_template, nullptr) << model.chat_template_error;
  EXPECT_EQ(model.decoder->architecture(), "llama");
  EXPECT_EQ(model.ForTasks().max_seq_len, 8192u);
  EXPECT_EQ(model.tokenizer->vocabulary().size(), model.decoder->vocab_size());
  EXPECT_FALSE(std::filesystem::is_empty(hashes));
  std::filesystem::remove_all(hashes);
}

TEST(LoadModel, SaysWhatIsMissing) {
  const auto file_system = MakePosixFileSystem();
  ThreadTeam team(1);
  EXPECT_THROW(LoadModel("/no/such/model.gguf", Options(), team, *file_system, {}), ModelError);
  EXPECT_THROW(LoadModel("hf:a/b", Options(), team, *file_system, {}), ModelError);
}

}  // namespace
}  // namespace rowmill
