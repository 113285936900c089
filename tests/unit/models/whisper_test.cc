// A tiny random Whisper against `transformers` in double precision (tests/data/whisper, made by
// tools/make_whisper_goldens.py), and what must hold for any weights.
#include "models/whisper.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

using Logits = std::vector<std::vector<float>>;  // [token][V]

std::vector<float> Features(const Whisper& model, size_t window) {
  std::vector<float> mel;
  for (size_t t = 0; t < model.frames_per_window(); ++t) {
    for (size_t band = 0; band < model.config().num_mel_bands; ++band) {
      mel.push_back(static_cast<float>(std::sin(0.37 * static_cast<double>(t * t % 89) +
                                                0.11 * static_cast<double>(band * (window + 1)))));
    }
  }
  return mel;
}

class WhisperTest : public ::testing::Test {
 protected:
  WhisperTest() : file_(ModelFile::Open(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/whisper")) {
    std::ifstream file(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/whisper/goldens.json");
    goldens_ = nlohmann::json::parse(file)["windows"];
    tokens_ = goldens_[0]["tokens"].get<std::vector<int32_t>>();
  }

  std::unique_ptr<Whisper> Load(const std::string& isa, Numerics numerics = Numerics::kAuto,
                                size_t num_threads = 1) {
    team_ = std::make_unique<ThreadTeam>(num_threads);
    const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), isa);
    return LoadWhisper(file_, {&kernels, numerics}, *team_);
  }

  // The logits behind every token of both windows, which are read `chunk` tokens at a time,
  // together or one window after the other.
  enum class Batching : uint8_t { kTogether, kAlone };
  std::vector<Logits> Run(const Whisper& model, size_t chunk, Batching batching) {
    WhisperWorkspace workspace(model, 64, team_->num_threads());
    KvPool pool(model.kv_shape());
    std::vector<EncodedSource> sources(2);
    std::vector<KvSequence> pasts(2);
    std::vector<Logits> logits(2);
    for (size_t i = 0; i < 2; ++i) {
      sources[i].keys_values = pool.Acquire(model.config().num_positions);
      pasts[i].own = pool.Acquire(model.config().max_seq_len);
      model.Encode(Features(model, i), workspace, *team_, sources[i]);
    }
    const auto step = [&](std::vector<size_t> windows, size_t begin) {
      SpeechBatch batch;
      std::vector<size_t> places;
      for (const size_t window : windows) {
        const auto first = static_cast<uint32_t>(batch.tokens.tokens.size());
        const size_t end = std::min(begin + chunk, tokens_.size());
        for (size_t t = begin; t < end; ++t) {
          batch.tokens.outputs.push_back(static_cast<uint32_t>(batch.tokens.tokens.size()));
          batch.tokens.tokens.push_back(tokens_[t]);
          places.push_back(window);
        }
        batch.tokens.sequences.push_back(
            {&pasts[window], first, static_cast<uint32_t>(end - begin)});
        batch.sources.push_back(&sources[window]);
      }
      model.Forward(batch, workspace, *team_, [&](size_t output, std::span<float> row) {
        logits[places[output]].emplace_back(row.begin(), row.end());
      });
    };
    for (size_t begin = 0; begin < tokens_.size(); begin += chunk) {
      if (batching == Batching::kTogether) {
        step({0, 1}, begin);
      } else {
        step({0}, begin);
        step({1}, begin);
      }
    }
    return logits;
  }

  double LargestDifference(const std::vector<Logits>& logits) {
    double largest = 0.0;
    for (size_t window = 0; window < 2; ++window) {
      const nlohmann::json& golden = goldens_[window]["logits"];
      for (size_t t = 0; t < golden.size(); ++t) {
        for (size_t i = 0; i < golden[t].size(); ++i) {
          largest =
              std::max(largest, std::fabs(logits[window][t][7 * i] - golden[t][i].get<double>()));
        }
      }
    }
    return largest;
  }

  ModelFile file_;
  std::unique_ptr<ThreadTeam> team_;
  nlohmann::json goldens_;
  std::vector<int32_t> tokens_;
};

TEST_F(WhisperTest, LogitsOfTransformers) {
  const auto model = Load("auto");
  EXPECT_EQ(model->config().vocab_size, 287u);
  EXPECT_TRUE(model->is_multilingual());
  EXPECT_EQ(model->suppressed_first_tokens(), (std::vector<int32_t>{32, 256}));
  // Logits are some 3 to either side; keys and values are f16, a rounding of 0.0005 of each.
  EXPECT_LT(LargestDifference(Run(*model, 10, Batching::kTogether)), 0.02);
}

TEST_F(WhisperTest, WeightsOfEightBitsAreNear) {
  EXPECT_LT(LargestDifference(Run(*Load("auto", Numerics::kInt8), 10, Batching::kTogether)), 0.6);
}

TEST_F(WhisperTest, TheSameBitsHoweverItIsRun) {
  for (const Numerics numerics : {Numerics::kAuto, Numerics::kInt8}) {
    const std::vector<Logits> expected =
        Run(*Load("scalar", numerics), tokens_.size(), Batching::kAlone);
    for (const size_t threads : {1u, 2u}) {
      const auto model = Load("auto", numerics, threads);
      for (const size_t chunk : {1u, 3u, 10u}) {
        EXPECT_EQ(Run(*model, chunk, Batching::kTogether), expected) << chunk;
        EXPECT_EQ(Run(*model, chunk, Batching::kAlone), expected) << chunk;
      }
    }
  }
}

}  // namespace
}  // namespace rowmill
