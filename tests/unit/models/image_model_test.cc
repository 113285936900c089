// Each family of image models on tiny random weights against an independent forward pass
// (tests/data/image_models, made by tools/make_image_model_goldens.py), and what must hold for any
// weights.
#include "models/image_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/dispatch.h"
#include "support/shared_data.h"

namespace rowmill {
namespace {

std::string DataPath(const std::string& name) {
  return std::string(ROWMILL_SOURCE_DIR) + "/tests/data/image_models/" + name;
}

// Bytes [size, size, 3] by the formula of the goldens.
std::vector<uint8_t> Picture(size_t size, uint32_t seed) {
  std::vector<uint8_t> pixels(size * size * 3);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] =
        static_cast<uint8_t>((static_cast<uint32_t>(i) * 2654435761u + seed * 40503u) >> 24);
  }
  return pixels;
}

struct RunOptions {
  size_t max_images = 3;
  size_t num_threads = 1;
  std::string isa = "auto";
  Numerics numerics = Numerics::kAuto;
  ImageOutput output = ImageOutput::kLogits;
};

std::vector<std::vector<float>> RunPictures(const ModelFile& file,
                                            const std::vector<std::vector<uint8_t>>& pictures,
                                            const RunOptions& run) {
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), run.isa);
  ThreadTeam team(run.num_threads);
  const auto model = LoadImageModel(file, {&kernels, run.numerics}, team);
  const auto workspace = model->MakeWorkspace(run.max_images, run.num_threads);
  EXPECT_GT(model->WorkspaceBytes(run.max_images, run.num_threads), 0u);
  std::vector<std::vector<float>> outputs(pictures.size());
  for (size_t begin = 0; begin < pictures.size(); begin += run.max_images) {
    std::vector<const uint8_t*> images;
    for (size_t i = begin; i < std::min(begin + run.max_images, pictures.size()); ++i) {
      images.push_back(pictures[i].data());
    }
    model->Run(images, run.output, *workspace, team, [&](size_t i, std::span<const float> output) {
      outputs[begin + i].assign(output.begin(), output.end());
    });
  }
  return outputs;
}

class ImageModelTest : public ::testing::TestWithParam<const char*> {
 protected:
  ImageModelTest() : file_(ModelFile::Open(DataPath(GetParam()))) {
    const auto model = LoadImageModel(
        file_, {&kernels::SelectTable(DetectCpuFeatures(), "auto"), Numerics::kAuto}, team_);
    size_ = model->preparation().size;
    num_classes_ = model->num_classes();
  }

  std::vector<std::vector<uint8_t>> Pictures(uint32_t count) const {
    std::vector<std::vector<uint8_t>> pictures;
    for (uint32_t seed = 1; seed <= count; ++seed) pictures.push_back(Picture(size_, seed));
    return pictures;
  }
  ImageOutput output() const {
    return num_classes_ > 0 ? ImageOutput::kLogits : ImageOutput::kEmbedding;
  }

  ThreadTeam team_{1};
  ModelFile file_;
  size_t size_ = 0;
  size_t num_classes_ = 0;
};

TEST_P(ImageModelTest, EqualsAnIndependentForwardPass) {
  const auto goldens = nlohmann::json::parse(std::ifstream(DataPath("goldens.json")))[GetParam()];
  const std::vector<std::vector<uint8_t>> pictures = Pictures(3);
  for (const auto& [name, kind] : {std::pair("embedding", ImageOutput::kEmbedding),
                                   std::pair("logits", ImageOutput::kLogits)}) {
    if (!goldens[0].contains(name)) continue;
    RunOptions run;
    run.output = kind;
    const auto outputs = RunPictures(file_, pictures, run);
    for (size_t i = 0; i < pictures.size(); ++i) {
      const auto expected = goldens[i][name].get<std::vector<double>>();
      ASSERT_EQ(outputs[i].size(), expected.size());
      for (size_t j = 0; j < expected.size(); ++j) {
        EXPECT_NEAR(static_cast<double>(outputs[i][j]), expected[j], 5e-5) << name << " " << i;
      }
    }
  }
}

TEST_P(ImageModelTest, BatchesTeamsAndInstructionSetsGiveTheSameBytes) {
  const std::vector<std::vector<uint8_t>> pictures = Pictures(5);
  for (const Numerics numerics : {Numerics::kAuto, Numerics::kInt8}) {
    RunOptions run;
    run.output = output();
    run.numerics = numerics;
    run.isa = "scalar";
    run.max_images = 1;
    const auto expected = RunPictures(file_, pictures, run);
    for (const kernels::KernelTable* table : kernels::AvailableTables(DetectCpuFeatures())) {
      for (const auto& [max_images, num_threads] :
           {std::pair<size_t, size_t>(5, 1), std::pair<size_t, size_t>(4, 3)}) {
        run.isa = table->name;
        run.max_images = max_images;
        run.num_threads = num_threads;
        EXPECT_EQ(RunPictures(file_, pictures, run), expected) << table->name << " " << max_images;
      }
    }
  }
}

TEST_P(ImageModelTest, MissingAndWronglyShapedWeightsAreSaid) {
  const std::string folder = ::testing::TempDir() + "image-model-" + GetParam();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::filesystem::copy(DataPath(GetParam()) + "/config.json", folder + "/config.json");
  // A header without tensors.
  std::ofstream(folder + "/model.safetensors", std::ios::binary)
      << std::string("\x02\0\0\0\0\0\0\0{}", 10);
  const ModelFile file = ModelFile::Open(folder);
  EXPECT_THROW(
      LoadImageModel(file, {&kernels::SelectTable(DetectCpuFeatures(), "auto"), Numerics::kAuto},
                     team_),
      ModelError);
}

INSTANTIATE_TEST_SUITE_P(Families, ImageModelTest,
                         ::testing::Values("efficientnet-lite", "vit", "deit", "dinov2"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

std::string LoadError(const std::string& config) {
  const std::string folder = ::testing::TempDir() + "image-model-config";
  std::filesystem::remove_all(folder);
  std::filesystem::copy(DataPath("efficientnet-lite"), folder);
  std::ofstream(folder + "/config.json") << config;
  ThreadTeam team(1);
  try {
    LoadImageModel(ModelFile::Open(folder),
                   {&kernels::SelectTable(DetectCpuFeatures(), "auto"), Numerics::kAuto}, team);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

TEST(EfficientNetLiteTest, HostileConfigsAreRefused) {
  const auto good = nlohmann::json::parse(std::ifstream(DataPath("efficientnet-lite/config.json")));
  EXPECT_EQ(LoadError(good.dump()), "");
  const auto refused = [&](const char* path, const nlohmann::json& value) {
    nlohmann::json config = good;
    config[nlohmann::json::json_pointer(path)] = value;
    return !LoadError(config.dump()).empty();
  };
  for (const char* path :
       {"/image_size", "/stem_dim", "/head_dim", "/num_classes", "/blocks", "/blocks/1/kernel",
        "/blocks/1/stride", "/blocks/1/expand", "/blocks/1/out"}) {
    for (const nlohmann::json& value :
         {nlohmann::json(0), nlohmann::json(-1), nlohmann::json(1e300), nlohmann::json("x"),
          nlohmann::json(18446744073709551615u), nlohmann::json(nullptr), nlohmann::json(13)}) {
      if (value == 13 && std::string(path) == "/image_size") continue;  // a size like any other
      EXPECT_TRUE(refused(path, value)) << path << " " << value;
    }
  }
  EXPECT_TRUE(refused("/batch_norm_eps", -1.0));
  EXPECT_TRUE(refused("/crop_fraction", 0.0));
  EXPECT_TRUE(refused("/crop_fraction", 1.5));
  EXPECT_TRUE(refused("/blocks/0/expand", 2));
  EXPECT_TRUE(refused("/blocks", nlohmann::json::array()));
}

// All logits of the real weights for pictures by a formula (shared/goldens, section 8).
TEST(EfficientNetLiteTest, RealWeightsGiveTheReferencesLogits) {
  const auto path = testing::SharedPath("goldens/image_effnet_lite0_synthetic.json");
  const auto model_path = testing::ModelPath("efficientnet-lite0");
  if (!path || !model_path) GTEST_SKIP() << "no reference outputs or no efficientnet-lite0";
  const auto rows = nlohmann::json::parse(std::ifstream(*path))["rows"];
  const ModelFile file = ModelFile::Open(*model_path);
  double worst = 0.0;
  for (const auto& row : rows) {
    // The reference's index runs through [channel, row, column].
    const size_t places = 224 * 224;
    std::vector<uint8_t> pixels(places * 3);
    for (size_t i = 0; i < pixels.size(); ++i) {
      const uint32_t byte =
          (static_cast<uint32_t>(i) * 2654435761u + row["seed"].get<uint32_t>() * 40503u) >> 24;
      pixels[i % places * 3 + i / places] = static_cast<uint8_t>(byte);
    }
    const auto logits = RunPictures(file, {pixels}, {}).front();
    const auto expected = row["logits"].get<std::vector<double>>();
    ASSERT_EQ(logits.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(logits[i]) - expected[i]));
    }
  }
  std::printf("efficientnet-lite0: %zu pictures by formula, largest difference of a logit %.2g\n",
              rows.size(), worst);
  EXPECT_LE(worst, 2e-3);
}

}  // namespace
}  // namespace rowmill
