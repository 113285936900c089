// Each encoder family on tiny random weights against an independent forward pass
// (tests/data/encoders, made by tools/make_encoder_goldens.py), and what must hold for any weights.
#include "models/bert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

struct FamilyCase {
  const char* name;
  BertKind kind;
  const HuggingFaceNames& names;
};

std::string DataPath(const std::string& name) {
  return std::string(ROWMILL_SOURCE_DIR) + "/tests/data/encoders/" + name;
}

class BertTest : public testing::TestWithParam<FamilyCase> {
 protected:
  BertTest() : file_(ModelFile::Open(DataPath(GetParam().name))) {}

  std::unique_ptr<Bert> Load(const BertOptions& options, const std::string& isa = "auto") {
    const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), isa);
    return Bert::Load(GetParam().kind, *file_.MakeSource(GetParam().names), options,
                      {&kernels, Numerics::kAuto}, team_);
  }

  std::vector<std::vector<float>> Run(const Encoder& model,
                                      const std::vector<std::vector<int32_t>>& texts,
                                      EncoderOutput output = EncoderOutput::kEmbedding) {
    EncoderBatch batch;
    for (const auto& text : texts) {
      batch.tokens.insert(batch.tokens.end(), text.begin(), text.end());
      batch.lengths.push_back(static_cast<uint32_t>(text.size()));
    }
    EncoderWorkspace workspace(model.shape(), batch.tokens.size() + model.max_seq_len(),
                               model.max_seq_len(), team_.num_threads());
    std::vector<std::vector<float>> vectors;
    model.Encode(batch, output, workspace, team_, [&](size_t, std::span<const float> vector) {
      vectors.emplace_back(vector.begin(), vector.end());
    });
    return vectors;
  }

  static nlohmann::json Goldens() {
    std::ifstream file(DataPath("goldens.json"));
    return nlohmann::json::parse(file)[GetParam().name];
  }

  ModelFile file_;
  ThreadTeam team_{2};
};

void ExpectNear(const std::vector<float>& actual, const nlohmann::json& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(actual[i]), expected[i].get<double>(), 2e-6) << i;
  }
}

TEST_P(BertTest, AgreesWithTheReference) {
  constexpr int32_t kSeparator = 3;
  const nlohmann::json goldens = Goldens();
  std::vector<std::vector<int32_t>> texts;
  for (const auto& golden : goldens) texts.push_back(golden["ids"].get<std::vector<int32_t>>());
  const auto mean = Load({.pooling = Pooling::kMean, .labels = {}, .separator = kSeparator});
  const auto first = Load({.pooling = Pooling::kFirst, .labels = {}, .separator = kSeparator});
  const auto means = Run(*mean, texts);
  const auto firsts = Run(*first, texts);
  const auto logits = Run(*mean, texts, EncoderOutput::kLogits);
  ASSERT_EQ(means.size(), goldens.size());
  for (size_t i = 0; i < goldens.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "text " << i);
    ExpectNear(means[i], goldens[i]["mean"]);
    ExpectNear(firsts[i], goldens[i]["first"]);
    ExpectNear(logits[i], goldens[i]["logits"]);
  }
}

TEST_P(BertTest, ATextDoesNotDependOnItsCompanyOrTheKernels) {
  std::vector<std::vector<int32_t>> texts;
  for (const auto& golden : Goldens()) texts.push_back(golden["ids"].get<std::vector<int32_t>>());
  const auto model = Load({});
  const auto scalar = Load({}, "scalar");
  const auto together = Run(*model, texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(Run(*model, {texts[i]})[0], together[i]) << i;
    EXPECT_EQ(Run(*scalar, {texts[i]})[0], together[i]) << i;
  }
}

TEST_P(BertTest, TheRegistryReadsPoolingAndLabels) {
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), "auto");
  ASSERT_TRUE(IsEncoder(file_));
  const auto model = LoadEncoder(file_, {&kernels, Numerics::kAuto}, team_);
  EXPECT_EQ(model->architecture(), GetParam().name);
  EXPECT_EQ(std::vector<std::string>(model->labels().begin(), model->labels().end()),
            (std::vector<std::string>{"bad", "good", "unsure"}));
  EXPECT_EQ(model->max_seq_len(), GetParam().kind == BertKind::kRoberta ? 24u : 26u);
  const nlohmann::json golden = Goldens()[2];
  ExpectNear(Run(*model, {golden["ids"].get<std::vector<int32_t>>()})[0], golden["mean"]);
}

INSTANTIATE_TEST_SUITE_P(Families, BertTest,
                         testing::Values(FamilyCase{"bert", BertKind::kBert, kBertNames},
                                         FamilyCase{"distilbert", BertKind::kDistilBert,
                                                    kDistilBertNames},
                                         FamilyCase{"roberta", BertKind::kRoberta, kBertNames}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace rowmill
