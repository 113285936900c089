// Units of encoder-decoders: the answers of beam search run by hand, whatever shares a batch.
#include "engine/sequence_to_sequence_unit.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/cpu.h"
#include "kernels/dispatch.h"

namespace rowmill {
namespace {

using Texts = std::vector<std::vector<int32_t>>;

class Rows final : public RowFeed, public OutcomeSink {
 public:
  explicit Rows(const Texts& rows) : rows_(rows), outcomes(rows.size()) {}
  bool Next(UnitRow& row) override {
    if (next_ == rows_.size()) return false;
    row = {next_, {}, rows_[next_], PrefixStore::kNoNode};
    ++next_;
    return true;
  }
  void Put(UnitOutcome outcome) override {
    ++put_[outcome.row];
    outcomes[outcome.row] = std::move(outcome);
  }
  bool EachOnce() const {
    return put_.size() == rows_.size() &&
           std::all_of(put_.begin(), put_.end(),
                       [](const auto& entry) { return entry.second == 1; });
  }

 private:
  const Texts& rows_;
  std::map<uint64_t, int> put_;
  size_t next_ = 0;

 public:
  std::vector<UnitOutcome> outcomes;
};

class SequenceToSequenceUnitTest : public testing::TestWithParam<const char*> {
 protected:
  SequenceToSequenceUnitTest()
      : file_(ModelFile::Open(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/encoder_decoders/" +
                              GetParam())),
        kernels_(kernels::SelectTable(DetectCpuFeatures(), "auto")),
        model_(LoadEncoderDecoder(file_, {&kernels_, Numerics::kAuto}, team_)) {}

  std::vector<UnitOutcome> Run(const Texts& rows, const TranslateSpec& spec,
                               const UnitOptions& options) {
    SequenceToSequenceUnit unit(*model_, kernels_, spec, options, team_);
    Rows feed(rows);
    const std::atomic<bool> stop{false};
    unit.Run(feed, feed, stop);
    EXPECT_TRUE(feed.EachOnce());
    return std::move(feed.outcomes);
  }

  // One text by itself, without a unit.
  std::vector<int32_t> Translate(const std::vector<int32_t>& source, const TranslateSpec& spec) {
    EncoderBatch batch;
    batch.tokens = source;
    batch.lengths = {static_cast<uint32_t>(source.size())};
    EncoderDecoderWorkspace workspace(*model_, 64, team_.num_threads());
    std::vector<SourceMemory> memories(1);
    model_->Encode(batch, workspace, team_, memories);
    size_t most = spec.max_tokens;
    if (model_->max_length_factor() > 0.0) {
      most = std::min(most, static_cast<size_t>(model_->max_length_factor() *
                                                static_cast<double>(source.size())));
    }
    BeamSearch search({.beam = spec.beam,
                       .length_penalty = spec.length_penalty,
                       .end_token = model_->end_token(),
                       .suppressed_token = model_->suppressed_token()},
                      static_cast<uint32_t>(most));
    while (!search.open().empty()) {
      // Each hypothesis from its beginning: no state is handed on.
      for (size_t i = 0; i < search.open().size(); ++i) {
        TargetState state(model_->target_shape());
        std::vector<int32_t> feed = {model_->first_token()};
        const std::vector<int32_t>& tokens = search.open()[i].tokens;
        feed.insert(feed.end(), tokens.begin(), tokens.end());
        std::vector<float> logits;
        for (const int32_t token : feed) {
          TargetBatch targets;
          targets.tokens = {token};
          targets.sources = {memories.data()};
          targets.states = {&state};
          model_->Step(targets, workspace, team_, [&](size_t, std::span<float> row) {
            logits.assign(row.begin(), row.end());
          });
        }
        EXPECT_TRUE(search.Look(i, logits, kernels_));
      }
      search.Advance();
    }
    return search.answer();
  }

  std::vector<int32_t> RandomText(std::mt19937& random, size_t length) {
    std::vector<int32_t> text;
    for (size_t i = 0; i + 1 < length; ++i) text.push_back(3 + static_cast<int32_t>(random() % 59));
    text.push_back(model_->end_token());
    return text;
  }

  ModelFile file_;
  ThreadTeam team_{2};
  const kernels::KernelTable& kernels_;
  std::unique_ptr<EncoderDecoder> model_;
};

TEST_P(SequenceToSequenceUnitTest, AnswersAreThoseOfEachTextAlone) {
  std::mt19937 random(5);
  Texts rows;
  for (size_t length : {2, 9, 3, 30, 14, 5, 22, 7, 2, 40, 11, 17}) {
    rows.push_back(RandomText(random, length));
  }
  for (const uint32_t beam : {1u, 4u}) {
    TranslateSpec spec;
    spec.beam = beam;
    spec.max_tokens = 20;
    Texts expected;
    for (const auto& row : rows) expected.push_back(Translate(row, spec));
    for (const UnitOptions& options :
         {UnitOptions{}, UnitOptions{.batch_tokens = 1, .max_rows = 1},
          UnitOptions{.batch_tokens = 50, .max_rows = 3},
          UnitOptions{.batch_tokens = 20, .max_rows = 100, .kv_bytes = 1}}) {
      const std::vector<UnitOutcome> outcomes = Run(rows, spec, options);
      for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(outcomes[i].decoded.answers, Texts{expected[i]}) << "row " << i;
        EXPECT_EQ(outcomes[i].prompt_tokens, rows[i].size());
        EXPECT_EQ(outcomes[i].generated_tokens, expected[i].size());
      }
    }
  }
}

TEST_P(SequenceToSequenceUnitTest, ARowOfSeveralTexts) {
  std::mt19937 random(6);
  const int32_t end = model_->end_token();
  const std::vector<int32_t> a = RandomText(random, 6), b = RandomText(random, 13);
  std::vector<int32_t> row = a;
  row.push_back(end);
  row.push_back(end);
  row.insert(row.end(), b.begin(), b.end());
  const TranslateSpec spec = {.max_tokens = 12};
  const std::vector<UnitOutcome> outcomes = Run({row, {end}, b}, spec, {});
  EXPECT_EQ(outcomes[0].decoded.answers,
            (Texts{Translate(a, spec), {end}, {end}, Translate(b, spec)}));
  EXPECT_EQ(outcomes[1].decoded.answers, (Texts{{end}}));
  EXPECT_EQ(outcomes[2].decoded.answers, Texts{Translate(b, spec)});
}

TEST_P(SequenceToSequenceUnitTest, StopsWhenItIsTold) {
  std::mt19937 random(7);
  Texts texts;
  for (int i = 0; i < 50; ++i) texts.push_back(RandomText(random, 8));
  SequenceToSequenceUnit unit(*model_, kernels_, {}, {}, team_);
  Rows feed(texts);
  const std::atomic<bool> stop{true};
  unit.Run(feed, feed, stop);
  EXPECT_FALSE(feed.EachOnce());
}

INSTANTIATE_TEST_SUITE_P(Families, SequenceToSequenceUnitTest,
                         testing::Values("opus", "student", "flan"),
                         [](const auto& of) { return std::string(of.param); });

}  // namespace
}  // namespace rowmill
