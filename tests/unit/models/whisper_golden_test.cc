// Whisper on real sound, greedily and without timestamps, against what faster-whisper wrote for it
// (shared/goldens, section 7).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>

#include "base/cpu.h"
#include "base/hash.h"
#include "kernels/dispatch.h"
#include "media/audio.h"
#include "media/log_mel.h"
#include "models/whisper.h"
#include "support/shared_data.h"

namespace rowmill {
namespace {

using testing::ModelPath;
using testing::ReadJsonLines;
using testing::SharedPath;

std::vector<float> ReadMel(const std::string& path, const Whisper& model) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  AudioInfo info;
  std::vector<float> samples;
  EXPECT_EQ(DecodeAudio(AsBytes(bytes), info, samples), "");
  const LogMel log_mel(model.config().num_mel_bands);
  std::vector<float> mel(model.frames_per_window() * log_mel.num_bands());
  log_mel.Compute(samples).Read(0, model.frames_per_window(), mel);
  return mel;
}

std::set<int32_t> SuppressedTokens(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/generation_config.json");
  return nlohmann::json::parse(file)[name].get<std::set<int32_t>>();
}

class WhisperGoldenTest : public ::testing::TestWithParam<Numerics> {};

TEST_P(WhisperGoldenTest, WritesWhatTheReferenceWrites) {
  const auto goldens = SharedPath("goldens/asr_whisper_base.jsonl");
  const auto sound = SharedPath("data/speech/jfk.wav");
  const auto folder = ModelPath("whisper-base");
  if (!goldens || !sound || !folder) GTEST_SKIP() << "no reference outputs or no whisper-base";
  const nlohmann::json golden = ReadJsonLines(*goldens).front();
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), "auto");
  ThreadTeam team(2);
  const ModelFile file = ModelFile::Open(*folder);
  const auto model = LoadWhisper(file, {&kernels, GetParam()}, team);
  WhisperWorkspace workspace(*model, 32, team.num_threads());
  KvSegment source_segment(model->kv_shape(), BlocksFor(model->config().num_positions));
  KvSegment own(model->kv_shape(), BlocksFor(model->config().max_seq_len));
  const std::vector<float> mel = ReadMel(*sound, *model);
  EncodedSource source = {&source_segment, 0};
  const auto start = std::chrono::steady_clock::now();
  model->Encode(mel, workspace, team, source);
  std::printf("encode %.3f s\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());

  KvSequence sequence;
  sequence.own = &own;
  const std::set<int32_t> suppressed = SuppressedTokens(*folder, "suppress_tokens");
  const std::set<int32_t> at_first = SuppressedTokens(*folder, "begin_suppress_tokens");
  const std::vector<int32_t> expected = golden["tokens"][0].get<std::vector<int32_t>>();
  std::vector<int32_t> tokens, written;
  SpeechBatch batch;
  batch.tokens.tokens = {50258, 50259, 50359, 50363};
  batch.sources = {&source};
  while (written.size() <= expected.size()) {
    const auto count = static_cast<uint32_t>(batch.tokens.tokens.size());
    batch.tokens.sequences = {{&sequence, 0, count}};
    batch.tokens.outputs = {count - 1};
    int32_t best = -1;
    model->Forward(batch, workspace, team, [&](size_t, std::span<float> logits) {
      for (int32_t token = 0; token < 50364; ++token) {
        if (suppressed.contains(token) || (written.empty() && at_first.contains(token))) continue;
        if (best < 0 || logits[token] > logits[best]) best = token;
      }
    });
    if (best == 50257) break;
    written.push_back(best);
    batch.tokens.tokens = {best};
  }
  EXPECT_EQ(written, expected);
}

INSTANTIATE_TEST_SUITE_P(Recipes, WhisperGoldenTest,
                         ::testing::Values(Numerics::kAuto, Numerics::kInt8));

}  // namespace
}  // namespace rowmill
