// Perplexity of SmolLM2-135M on a fixed text against another engine's with F32 weights
// (shared/goldens, section 9): the whole text tokenised once, cut into chunks of 512 tokens without
// overlap, the rest dropped; scored are the predictions of tokens 257 to 511 of each chunk.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/cpu.h"
#include "decode/sampler.h"
#include "formats/model_file.h"
#include "kernels/dispatch.h"
#include "support/shared_data.h"
#include "tasks/loaded_model.h"

namespace rowmill {
namespace {

constexpr uint32_t kChunk = 512;
constexpr uint32_t kFirstScored = 257;
constexpr double kTolerance = 0.003;  // of the F32 figure

TEST(GoldenPerplexity, OfSmolLm2) {
  const auto text_path = testing::SharedPath("goldens/ppl.txt");
  const auto meta_path = testing::SharedPath("goldens/ppl.meta.json");
  const auto model = testing::ModelPath(testing::kSmolLm2);
  if (!text_path || !meta_path || !model) GTEST_SKIP() << "no reference outputs or no weights";
  std::ifstream text_file(*text_path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(text_file), {}};
  std::ifstream meta_file(*meta_path);
  const auto meta = nlohmann::json::parse(meta_file)["models"]["smollm2"];

  const ModelFile file = ModelFile::Open(*model);
  const LoadedText loaded = LoadText(file);
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), "auto");
  ThreadTeam team(2);
  const std::unique_ptr<Decoder> decoder = LoadDecoder(file, {&kernels, Numerics::kAuto}, team);
  ASSERT_TRUE(loaded.tokenizer->start_ids().empty());  // else each chunk would begin with them
  const std::vector<int32_t> ids = loaded.tokenizer->Encode(text, SpecialTokens::kPlainText);
  const size_t num_chunks = ids.size() / kChunk;
  ASSERT_EQ(num_chunks, meta["chunks"].get<size_t>());

  Workspace workspace(decoder->workspace_shape(), kChunk);
  double log_probability = 0.0;
  size_t scored = 0;
  for (size_t chunk = 0; chunk < num_chunks; ++chunk) {
    TokenBatch batch;
    const auto begin = ids.begin() + static_cast<ptrdiff_t>(chunk * kChunk);
    batch.tokens.assign(begin, begin + kChunk);
    KvSegment own(decoder->kv_shape(), BlocksFor(kChunk));
    KvSequence kv;
    kv.own = &own;
    batch.sequences.push_back({&kv, 0, kChunk});
    for (uint32_t i = kFirstScored - 1; i + 1 < kChunk; ++i) batch.outputs.push_back(i);
    decoder->Forward(batch, workspace, team, [&](size_t i, std::span<float> logits) {
      const auto next = static_cast<size_t>(batch.tokens[kFirstScored + i]);
      log_probability += static_cast<double>(logits[next]) - LogSumExp(logits, kernels);
      ++scored;
    });
  }
  ASSERT_EQ(scored, meta["scored_tokens"].get<size_t>());
  const double perplexity = std::exp(-log_probability / static_cast<double>(scored));
  const double golden = meta["ppl_f32"].get<double>();
  printf("perplexity %.4f, F32 reference %.4f (%+.3f %%), reference engine with this file %.4f\n",
         perplexity, golden, (perplexity / golden - 1.0) * 100.0, meta["ppl_quant"].get<double>());
  EXPECT_NEAR(perplexity, golden, golden * kTolerance);
}

}  // namespace
}  // namespace rowmill
