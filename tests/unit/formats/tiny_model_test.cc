// The files of tools/make_tiny_model.py, which other tests build on, as this reader sees them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "tensor/dequantize.h"
#include "tensor/finite_check.h"

namespace rowmill {
namespace {

class TinyModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("python3 -c pass >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "rowmill_tiny_" + info->name() + ".gguf";
  }
  void TearDown() override { std::remove(path_.c_str()); }

  GgufFile Make(const std::string& options) {
    const std::string command =
        "python3 '" ROWMILL_SOURCE_DIR "/tools/make_tiny_model.py' -o '" + path_ + "' " + options;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return GgufFile::Open(path_);
  }

  std::string path_;
};

// The standard deviation of all elements.
double Deviation(const TensorView& tensor) {
  double sum = 0;
  double sum_of_squares = 0;
  std::vector<float> row(tensor.cols());
  for (uint64_t i = 0; i < tensor.rows(); ++i) {
    DequantizeRow(tensor, i, row);
    for (const float value : row) {
      sum += value;
      sum_of_squares += double{value} * value;
    }
  }
  const auto count = static_cast<double>(tensor.num_elements());
  return std::sqrt(sum_of_squares / count - sum / count * (sum / count));
}

TEST_F(TinyModelTest, HasTheSameSpreadInEveryFormat) {
  for (const char* type : {"f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k",
                           "q3_k", "q4_k", "q5_k", "q6_k"}) {
    const GgufFile file =
        Make("--dim 256 --ffn 256 --layers 1 --vocab 288 --untied --type " + std::string(type));
    EXPECT_EQ(file.tensors().size(), 1U + 9U + 2U) << type;
    const std::vector<uint64_t> shape = {288, 256};
    EXPECT_NEAR(Deviation(file.GetTensor("output.weight", shape)), 2.8 / 16, 0.1 * 2.8 / 16)
        << type;
    for (const TensorView& tensor : file.tensors()) {
      EXPECT_FALSE(FindNonFiniteRow(tensor).has_value()) << type << ' ' << tensor.name;
    }
  }
}

TEST_F(TinyModelTest, DefaultIsSmallAndComplete) {
  const GgufFile file = Make("");
  EXPECT_LT(file.file_size(), 1000000U);
  EXPECT_EQ(file.GetString("general.architecture"), "llama");
  EXPECT_EQ(file.GetInt("llama.block_count"), 2);
  EXPECT_EQ(file.GetInt("llama.attention.head_count_kv"), 2);
  EXPECT_EQ(file.FindTensor("output.weight"), nullptr);
  const std::vector<std::string_view>* tokens = file.FindStrings("tokenizer.ggml.tokens");
  ASSERT_NE(tokens, nullptr);
  EXPECT_EQ(tokens->size(), 512U);
  const std::set<std::string_view> known(tokens->begin(), tokens->end());
  EXPECT_EQ(known.size(), tokens->size());
  const std::vector<std::string_view>* merges = file.FindStrings("tokenizer.ggml.merges");
  ASSERT_NE(merges, nullptr);
  EXPECT_EQ(merges->size(), 512U - 3U - 256U);
  for (const std::string_view merge : *merges) {
    const size_t space = merge.find(' ');
    const std::string left(merge.substr(0, space));
    const std::string right(merge.substr(space + 1));
    EXPECT_TRUE(known.contains(left) && known.contains(right) && known.contains(left + right))
        << merge;
  }
}

TEST_F(TinyModelTest, IsTheSameForTheSameSeedOnly) {
  const auto bytes_of = [this](const std::string& options) {
    const GgufFile file = Make(options);
    return std::vector<std::byte>(file.bytes().begin(), file.bytes().end());
  };
  const std::vector<std::byte> first = bytes_of("--type q4_1 --seed 3");
  EXPECT_EQ(bytes_of("--type q4_1 --seed 3"), first);
  EXPECT_NE(bytes_of("--type q4_1 --seed 4"), first);
}

TEST_F(TinyModelTest, WritesASentencePieceTokeniser) {
  const GgufFile file = Make("--tokenizer spm");
  EXPECT_EQ(file.GetString("tokenizer.ggml.model"), "llama");
  ASSERT_NE(file.FindStrings("tokenizer.ggml.tokens"), nullptr);
  ASSERT_NE(file.FindFloats("tokenizer.ggml.scores"), nullptr);
  ASSERT_NE(file.FindInts("tokenizer.ggml.token_type"), nullptr);
  EXPECT_EQ(file.FindStrings("tokenizer.ggml.tokens")->size(), 512U);
  EXPECT_EQ(file.FindFloats("tokenizer.ggml.scores")->size(), 512U);
  EXPECT_EQ(file.FindInts("tokenizer.ggml.token_type")->size(), 512U);
  EXPECT_EQ((*file.FindStrings("tokenizer.ggml.tokens"))[3 + 0xC3], "<0xC3>");
}

}  // namespace
}  // namespace rowmill
