// Each family on tiny random weights against an independent forward pass in double precision
// (tests/data/encoder_decoders, made by tools/make_encoder_decoder_goldens.py), and what must hold
// for any weights.
#include "models/encoder_decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

std::string DataPath(const std::string& name) {
  return std::string(ROWMILL_SOURCE_DIR) + "/tests/data/encoder_decoders/" + name;
}

struct Pair {
  std::vector<int32_t> source;
  std::vector<int32_t> target;
  std::vector<std::vector<double>> logits;  // [target][V]
};

using Logits = std::vector<std::vector<float>>;  // [target][V]

class EncoderDecoderTest : public testing::TestWithParam<const char*> {
 protected:
  EncoderDecoderTest() : file_(ModelFile::Open(DataPath(GetParam()))) {
    std::ifstream file(DataPath("goldens.json"));
    const nlohmann::json goldens = nlohmann::json::parse(file);
    for (const auto& golden : goldens[GetParam()]) {
      pairs_.push_back({golden["source"].get<std::vector<int32_t>>(),
                        golden["target"].get<std::vector<int32_t>>(),
                        golden["logits"].get<std::vector<std::vector<double>>>()});
    }
  }

  std::unique_ptr<EncoderDecoder> Load(const std::string& isa = "auto",
                                       Numerics numerics = Numerics::kAuto) {
    const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), isa);
    return LoadEncoderDecoder(file_, {&kernels, numerics}, team_);
  }

  // The logits behind every target token, all pairs in one ragged batch of sources and, as long as
  // they last, of targets.
  std::vector<Logits> Run(const EncoderDecoder& model, const std::vector<Pair>& pairs) {
    EncoderBatch batch;
    for (const Pair& pair : pairs) {
      batch.tokens.insert(batch.tokens.end(), pair.source.begin(), pair.source.end());
      batch.lengths.push_back(static_cast<uint32_t>(pair.source.size()));
    }
    EncoderDecoderWorkspace workspace(model, batch.tokens.size(), team_.num_threads());
    std::vector<SourceMemory> memories(pairs.size());
    model.Encode(batch, workspace, team_, memories);
    std::vector<TargetState> states;
    for (size_t i = 0; i < pairs.size(); ++i) states.emplace_back(model.target_shape());
    std::vector<Logits> logits(pairs.size());
    for (size_t step = 0;; ++step) {
      TargetBatch targets;
      std::vector<size_t> places;
      for (size_t i = 0; i < pairs.size(); ++i) {
        if (step >= pairs[i].target.size()) continue;
        targets.tokens.push_back(step == 0 ? model.first_token() : pairs[i].target[step - 1]);
        targets.sources.push_back(&memories[i]);
        targets.states.push_back(&states[i]);
        places.push_back(i);
      }
      if (places.empty()) return logits;
      model.Step(targets, workspace, team_, [&](size_t output, std::span<float> row) {
        logits[places[output]].emplace_back(row.begin(), row.end());
      });
    }
  }

  ModelFile file_;
  ThreadTeam team_{2};
  std::vector<Pair> pairs_;
};

TEST_P(EncoderDecoderTest, LogitsOfAnIndependentForwardPass) {
  const auto model = Load();
  EXPECT_EQ(model->vocab_size(), 64u);
  ASSERT_EQ(pairs_.size(), 3u);
  const std::vector<Logits> logits = Run(*model, pairs_);
  double greatest = 0.0;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    ASSERT_EQ(logits[i].size(), pairs_[i].target.size());
    for (size_t step = 0; step < logits[i].size(); ++step) {
      for (size_t token = 0; token < 64; ++token) {
        greatest = std::max(greatest, std::abs(static_cast<double>(logits[i][step][token]) -
                                               pairs_[i].logits[step][token]));
      }
    }
  }
  printf("%s: greatest difference of a logit %.2g\n", GetParam(), greatest);
  EXPECT_LT(greatest, 2e-5);
}

TEST_P(EncoderDecoderTest, APairDoesNotDependOnItsCompany) {
  const auto model = Load();
  const std::vector<Logits> together = Run(*model, pairs_);
  for (size_t i = 0; i < pairs_.size(); ++i) {
    EXPECT_EQ(Run(*model, {pairs_[i]})[0], together[i]) << i;
  }
}

TEST_P(EncoderDecoderTest, EveryInstructionSetGivesTheSameBits) {
  const std::vector<Logits> expected = Run(*Load("scalar"), pairs_);
  EXPECT_EQ(Run(*Load("auto"), pairs_), expected);
}

TEST_P(EncoderDecoderTest, Int8WeightsStayNear) {
  const std::vector<Logits> exact = Run(*Load(), pairs_);
  const std::vector<Logits> rounded = Run(*Load("auto", Numerics::kInt8), pairs_);
  double sum = 0.0, squares = 0.0;
  for (size_t i = 0; i < exact.size(); ++i) {
    for (size_t step = 0; step < exact[i].size(); ++step) {
      for (size_t token = 0; token < 64; ++token) {
        const auto x = static_cast<double>(exact[i][step][token]);
        const double d = static_cast<double>(rounded[i][step][token]) - x;
        sum += d * d;
        squares += x * x;
      }
    }
  }
  EXPECT_LT(std::sqrt(sum / squares), 0.05);
  EXPECT_GT(sum, 0.0);
}

// Hypotheses of one source share its memory; a clone of a state goes its own way.
TEST_P(EncoderDecoderTest, ClonedStatesGoTheirOwnWays) {
  const auto model = Load();
  const Pair& first = pairs_[2];
  Pair second = first;
  for (size_t i = 12; i + 1 < second.target.size(); ++i) {
    second.target[i] = 3 + (second.target[i] + 7) % 59;
  }
  const Logits expected[] = {Run(*model, {first})[0], Run(*model, {second})[0]};
  EncoderBatch batch;
  batch.tokens = first.source;
  batch.lengths = {static_cast<uint32_t>(first.source.size())};
  EncoderDecoderWorkspace workspace(*model, batch.tokens.size(), team_.num_threads());
  std::vector<SourceMemory> memories(1);
  model->Encode(batch, workspace, team_, memories);
  std::vector<TargetState> states;
  states.emplace_back(model->target_shape());
  Logits actual[2];
  for (size_t step = 0; step < first.target.size(); ++step) {
    if (step == 12) {
      states.push_back(states[0].Clone());
      actual[1] = actual[0];
    }
    TargetBatch targets;
    for (size_t i = 0; i < states.size(); ++i) {
      const Pair& pair = i == 0 ? first : second;
      targets.tokens.push_back(step == 0 ? model->first_token() : pair.target[step - 1]);
      targets.sources.push_back(memories.data());
      targets.states.push_back(&states[i]);
    }
    model->Step(targets, workspace, team_, [&](size_t output, std::span<float> row) {
      actual[output].emplace_back(row.begin(), row.end());
    });
  }
  EXPECT_EQ(actual[0], expected[0]);
  EXPECT_EQ(actual[1], expected[1]);
  EXPECT_NE(expected[0], expected[1]);
}

INSTANTIATE_TEST_SUITE_P(Families, EncoderDecoderTest,
                         testing::Values("opus", "student", "t5", "flan"),
                         [](const auto& of) { return std::string(of.param); });

TEST(EncoderDecoder, KnowsItsArchitectures) {
  EXPECT_TRUE(IsEncoderDecoder(ModelFile::Open(DataPath("opus"))));
  EXPECT_TRUE(IsEncoderDecoder(ModelFile::Open(DataPath("flan"))));
  const std::string bert = std::string(ROWMILL_SOURCE_DIR) + "/tests/data/encoders/bert";
  EXPECT_FALSE(IsEncoderDecoder(ModelFile::Open(bert)));
  ThreadTeam team(1);
  EXPECT_THROW(
      LoadEncoderDecoder(ModelFile::Open(bert), {&kernels::ScalarTable(), Numerics::kAuto}, team),
      ModelError);
}

}  // namespace
}  // namespace rowmill
