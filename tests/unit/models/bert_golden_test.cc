// MiniLM against a double-precision forward pass of the same weights (shared/goldens, section 5).
#include <gtest/gtest.h>

#include <cmath>

#include "base/cpu.h"
#include "kernels/dispatch.h"
#include "models/encoder.h"
#include "support/shared_data.h"

namespace rowmill {
namespace {

using testing::ModelPath;
using testing::ReadJsonLines;
using testing::SharedPath;

class MiniLm {
 public:
  explicit MiniLm(const std::string& isa = "auto", Numerics numerics = Numerics::kAuto)
      : file_(ModelFile::Open(*ModelPath("minilm"))),
        team_(2),
        kernels_(kernels::SelectTable(DetectCpuFeatures(), isa)),
        model_(LoadEncoder(file_, {&kernels_, numerics}, team_)),
        workspace_(model_->shape(), 4096, model_->max_seq_len(), team_.num_threads()) {}

  std::vector<std::vector<float>> Embed(const std::vector<std::vector<int32_t>>& texts) {
    EncoderBatch batch;
    for (const auto& text : texts) {
      batch.tokens.insert(batch.tokens.end(), text.begin(), text.end());
      batch.lengths.push_back(static_cast<uint32_t>(text.size()));
    }
    std::vector<std::vector<float>> vectors;
    model_->Encode(batch, EncoderOutput::kEmbedding, workspace_, team_,
                   [&](size_t text, std::span<const float> vector) {
                     EXPECT_EQ(text, vectors.size());
                     vectors.emplace_back(vector.begin(), vector.end());
                   });
    return vectors;
  }
  const Encoder& model() const { return *model_; }

 private:
  ModelFile file_;
  ThreadTeam team_;
  const kernels::KernelTable& kernels_;
  std::unique_ptr<Encoder> model_;
  EncoderWorkspace workspace_;
};

TEST(BertGolden, VectorsOfMiniLm) {
  const auto path = SharedPath("goldens/embed_minilm.jsonl");
  if (!path || !ModelPath("minilm")) GTEST_SKIP() << "no reference outputs or no minilm weights";
  MiniLm minilm;
  EXPECT_EQ(minilm.model().max_seq_len(), 512u);
  EXPECT_EQ(minilm.model().embedding_dim(), 384u);
  std::vector<std::vector<int32_t>> texts;
  std::vector<std::vector<double>> goldens;
  for (const auto& row : ReadJsonLines(*path)) {
    texts.push_back(row["ids"].get<std::vector<int32_t>>());
    goldens.push_back(row["vec"].get<std::vector<double>>());
  }
  ASSERT_EQ(texts.size(), 100u);
  const auto vectors = minilm.Embed(texts);
  double largest = 0.0, least_cosine = 1.0;
  for (size_t text = 0; text < texts.size(); ++text) {
    double cosine = 0.0;
    for (size_t i = 0; i < 384; ++i) {
      const auto x = static_cast<double>(vectors[text][i]);
      largest = std::max(largest, std::fabs(x - goldens[text][i]));
      cosine += x * goldens[text][i];
    }
    least_cosine = std::min(least_cosine, cosine);
  }
  printf("largest difference %.2e, least cosine %.9f\n", largest, least_cosine);
  EXPECT_LE(largest, 2e-5);
  EXPECT_GE(least_cosine, 0.999999);
  // Weights in 8-bit blocks.
  MiniLm int8("auto", Numerics::kInt8);
  const auto rounded = int8.Embed(texts);
  double least_int8 = 1.0, sum_int8 = 0.0;
  for (size_t text = 0; text < texts.size(); ++text) {
    double cosine = 0.0;
    for (size_t i = 0; i < 384; ++i) {
      cosine += static_cast<double>(rounded[text][i]) * goldens[text][i];
    }
    least_int8 = std::min(least_int8, cosine);
    sum_int8 += cosine;
  }
  printf("int8: least cosine %.6f, mean %.6f\n", least_int8, sum_int8 / 100.0);
  EXPECT_GE(least_int8, 0.9995);
  EXPECT_GE(sum_int8 / 100.0, 0.9998);
  // Alone, and by the plainest kernels: the same bits.
  MiniLm scalar("scalar");
  for (size_t text = 0; text < texts.size(); text += 23) {
    EXPECT_EQ(minilm.Embed({texts[text]})[0], vectors[text]);
    EXPECT_EQ(scalar.Embed({texts[text]})[0], vectors[text]);
  }
}

}  // namespace
}  // namespace rowmill
