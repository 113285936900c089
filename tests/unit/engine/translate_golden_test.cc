// Greedy translations of two Marian models, run by a unit as a job runs them, against a forward
// pass of the same weights in numpy (shared/goldens, section 6): the same tokens on every line, and
// with weights and activations of 8 bits on nearly every one.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/cpu.h"
#include "engine/sequence_to_sequence_unit.h"
#include "kernels/dispatch.h"
#include "support/shared_data.h"

namespace rowmill {
namespace {

class Lines final : public RowFeed, public OutcomeSink {
 public:
  explicit Lines(const std::vector<nlohmann::json>& goldens) : goldens_(goldens) {
    answers.resize(goldens.size());
  }
  bool Next(UnitRow& row) override {
    if (next_ == goldens_.size()) return false;
    row = {next_, {}, goldens_[next_]["src_ids"].get<std::vector<int32_t>>(), PrefixStore::kNoNode};
    ++next_;
    return true;
  }
  void Put(UnitOutcome outcome) override {
    answers[outcome.row] = outcome.decoded.answers.at(0);
    // The reference has the end token, unless it was cut.
    if (outcome.decoded.finish == FinishReason::kEndToken) answers[outcome.row].push_back(0);
  }
  std::vector<std::vector<int32_t>> answers;

 private:
  const std::vector<nlohmann::json>& goldens_;
  size_t next_ = 0;
};

struct Direction {
  const char* goldens;
  const char* model;
};

class TranslateGolden : public ::testing::TestWithParam<Direction> {};

TEST_P(TranslateGolden, LinesOfMarian) {
  const auto path = testing::SharedPath(GetParam().goldens);
  const auto model_path = testing::ModelPath(GetParam().model);
  if (!path || !model_path) {
    GTEST_SKIP() << "no reference outputs or no " << GetParam().model << " weights";
  }
  const std::vector<nlohmann::json> goldens = testing::ReadJsonLines(*path);
  ASSERT_EQ(goldens.size(), 100u);
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), "auto");
  ThreadTeam team(2);
  const ModelFile file = ModelFile::Open(*model_path);
  for (const Numerics numerics : {Numerics::kAuto, Numerics::kInt8}) {
    const auto model = LoadEncoderDecoder(file, {&kernels, numerics}, team);
    EXPECT_EQ(model->vocab_size(), 32000u);
    SequenceToSequenceUnit unit(*model, kernels, {}, {}, team);
    Lines lines(goldens);
    const std::atomic<bool> stop{false};
    unit.Run(lines, lines, stop);
    size_t same = 0;
    for (size_t i = 0; i < goldens.size(); ++i) {
      const auto expected = goldens[i]["float_ids"].get<std::vector<int32_t>>();
      same += lines.answers[i] == expected;
      if (numerics == Numerics::kAuto && goldens[i]["float_min_margin"].get<double>() > 0.001) {
        EXPECT_EQ(lines.answers[i], expected) << "line " << i;
      }
    }
    printf("%s: %zu of 100 lines word for word%s\n", GetParam().model, same,
           numerics == Numerics::kInt8 ? " with int8" : "");
    EXPECT_GE(same, numerics == Numerics::kInt8 ? 70u : 98u);
  }
}

INSTANTIATE_TEST_SUITE_P(Directions, TranslateGolden,
                         ::testing::Values(Direction{"goldens/mt_enpt.jsonl", "marian-en-pt"},
                                           Direction{"goldens/mt_pten.jsonl", "marian-pt-en"}),
                         [](const auto& of) {
                           return std::string(of.param.model).substr(7, 2) + "_" +
                                  std::string(of.param.model).substr(10, 2);
                         });

}  // namespace
}  // namespace rowmill
