#include "formats/model_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "formats/model_file.h"
#include "unit/formats/gguf_builder.h"
#include "unit/formats/safetensors_builder.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr HuggingFaceNames::Key kKeys[] = {
    {"block_count", "num_hidden_layers"},
    {"rope.factor", "rope_scaling.factor"},
    {"rope.factor", "rope_parameters.factor"},
    {"types", "layer_types"},
    {"flag", "tie"},
    {"kind", "model_type"},
};
constexpr HuggingFaceNames::Weight kWeights[] = {
    {"token_embd", "model.embed"},
    {"blk.#.attn_q", "model.layers.#.q_proj", StoredAs::kTransposed},
    {"blk.#.norm", "model.layers.#.norm", StoredAs::kMinusOne},
};
constexpr std::string_view kPrefixes[] = {"outer."};
constexpr HuggingFaceNames kNames = {kKeys, kWeights, kPrefixes};

TEST(ModelSourceTest, AsksAGgufFileByItsOwnNames) {
  GgufBuilder builder;
  builder.String("general.architecture", "x").Uint32("x.block_count", 3);
  builder.Key("x.eps", 6, Le(0.5F)).Key("x.flag", 7, "\x01").String("x.kind", "k");
  builder.Key("x.types", 9, GgufItems(8, 1, GgufText("full")));
  builder.Key("tokenizer.ggml.tokens", 9, GgufItems(8, 2, GgufText("a") + GgufText("b")));
  builder.Tensor("blk.0.norm.weight", {2}, 0, Le(1.0F) + Le(2.0F));
  const std::string bytes = builder.Build();
  const ModelFile file(ParseText(bytes));
  EXPECT_EQ(file.architecture(), "x");
  const auto source = file.MakeSource(kNames);
  EXPECT_EQ(source->container(), ModelSource::Container::kGguf);
  EXPECT_THAT(source->FindInt("block_count"), Optional(3));
  EXPECT_THAT(source->FindFloat("eps"), Optional(0.5));
  EXPECT_THAT(source->FindBool("flag"), Optional(true));
  EXPECT_THAT(source->FindString("kind"), Optional(std::string_view("k")));
  EXPECT_THAT(source->FindStrings("types"), Optional(ElementsAre("full")));
  EXPECT_EQ(source->FindInt("num_hidden_layers"), std::nullopt);
  EXPECT_EQ(source->KeyName("block_count"), "x.block_count");
  EXPECT_EQ(source->FindWeight("blk.0.norm.weight")->stored, StoredAs::kSame);
  EXPECT_FALSE(source->FindWeight("blk.1.norm.weight").has_value());
  EXPECT_THAT(source->NumTokens(), Optional(2U));
}

class FolderSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "rowmill_source_" + info->name();
    std::filesystem::create_directory(path_);
    std::ofstream(path_ + "/config.json")
        << R"({"model_type":"x","num_hidden_layers":3,"rope_parameters":{"factor":8.0},
               "layer_types":["a","b"],"tie":true})";
    std::ofstream(path_ + "/model.safetensors", std::ios::binary) << SafetensorsBytes(
        R"({"outer.model.embed.weight":)" + SafetensorsEntryText("F32", "[1]", 0, 4) +
            R"(,"model.layers.12.q_proj.weight":)" + SafetensorsEntryText("F32", "[1]", 4, 8) +
            R"(,"model.layers.12.q_proj.bias":)" + SafetensorsEntryText("F32", "[1]", 8, 12) +
            R"(,"model.layers.3.q_proj.weight":)" + SafetensorsEntryText("I64", "[1]", 12, 20) +
            "}",
        std::string(20, '\1'));
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string path_;
};

TEST_F(FolderSourceTest, TranslatesNames) {
  const ModelFile file = ModelFile::Open(path_);
  EXPECT_EQ(file.architecture(), "x");
  const auto source = file.MakeSource(kNames);
  EXPECT_THAT(source->FindInt("block_count"), Optional(3));
  EXPECT_THAT(source->FindFloat("rope.factor"), Optional(8.0));  // by the second of its names
  EXPECT_THAT(source->FindStrings("types"), Optional(ElementsAre("a", "b")));
  EXPECT_THAT(source->FindBool("flag"), Optional(true));
  EXPECT_THAT(source->FindString("kind"), Optional(std::string_view("x")));
  EXPECT_EQ(source->FindInt("num_hidden_layers"), std::nullopt);  // only by ours
  EXPECT_EQ(source->KeyName("rope.factor"), "rope_parameters.factor of config.json");

  EXPECT_EQ(source->FindWeight("token_embd.weight")->tensor->name, "outer.model.embed.weight");
  const auto weight = source->FindWeight("blk.12.attn_q.weight");
  ASSERT_TRUE(weight.has_value());
  EXPECT_EQ(weight->tensor->name, "model.layers.12.q_proj.weight");
  EXPECT_EQ(weight->stored, StoredAs::kTransposed);
  EXPECT_EQ(source->FindWeight("blk.12.attn_q.bias")->stored, StoredAs::kSame);
  EXPECT_FALSE(source->FindWeight("blk.1.attn_q.weight").has_value());
  EXPECT_FALSE(source->FindWeight("model.layers.12.q_proj.weight").has_value());
  EXPECT_EQ(source->WeightName("token_embd.weight"), "outer.model.embed.weight");
  EXPECT_EQ(source->WeightName("blk.1.attn_q.weight"), "model.layers.1.q_proj.weight");
  EXPECT_EQ(source->WeightName("unknown"), "unknown");
}

TEST_F(FolderSourceTest, AWeightOfAnotherTypeIsAnErrorThatNamesIt) {
  const ModelFile file = ModelFile::Open(path_);
  const auto source = file.MakeSource(kNames);
  try {
    source->FindWeight("blk.3.attn_q.weight");
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("model.layers.3.q_proj.weight"));
    EXPECT_THAT(error.what(), HasSubstr("I64"));
  }
}

TEST_F(FolderSourceTest, ALoneWeightsFileIsRefused) {
  try {
    ModelFile::Open(path_ + "/model.safetensors");
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("name the folder"));
  }
}

}  // namespace
}  // namespace rowmill
