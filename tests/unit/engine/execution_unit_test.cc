#include "engine/execution_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "base/check.h"

namespace rowmill {
namespace {

// A decoder whose next token depends on the last two tokens alone, so that answers run in circles
// and guesses are often right and often wrong. Its keys are the token ids themselves: a position
// that was rolled back and not written again, or a fork of the wrong length, changes the answer.
class CircularDecoder final : public Decoder {
 public:
  static constexpr size_t kVocabulary = 23;

  const std::string& architecture() const override { return architecture_; }
  size_t vocab_size() const override { return kVocabulary; }
  size_t max_seq_len() const override { return 200; }
  KvShape kv_shape() const override { return {1, 1, 16}; }
  WorkspaceShape workspace_shape() const override { return {32, 1, 1, 16, 32, kVocabulary}; }
  size_t weight_bytes() const override { return 0; }
  size_t num_parameters() const override { return 0; }
  size_t macs_per_token() const override { return 0; }
  size_t macs_per_output() const override { return 0; }

  void Forward(const TokenBatch& batch, Workspace& workspace, ThreadTeam& /*team*/,
               LogitsVisitor visit) const override {
    CHECK(batch.tokens.size() <= workspace.max_tokens());
    std::map<uint32_t, std::pair<const KvSequence*, uint32_t>> where;  // token: its position
    for (const SequenceSpan& span : batch.sequences) {
      KvSequence& kv = *span.kv;
      CHECK(kv.length + span.token_count <= kv.capacity());
      for (uint32_t i = 0; i < span.token_count; ++i) {
        At(*kv.own, kv.own_length() + i) =
            static_cast<uint16_t>(batch.tokens[span.token_begin + i]);
        where[span.token_begin + i] = {&kv, kv.length + i};
      }
    }
    for (const SequenceSpan& span : batch.sequences) span.kv->length += span.token_count;
    std::vector<float> logits(kVocabulary);
    for (size_t output = 0; output < batch.outputs.size(); ++output) {
      const auto [kv, position] = where.at(batch.outputs[output]);
      const uint32_t last = TokenAt(*kv, position);
      const uint32_t before = position > 0 ? TokenAt(*kv, position - 1) : 0;
      for (size_t v = 0; v < kVocabulary; ++v) {
        const uint64_t mixed = (last * 31 + before % 3 * 7 + v * 1013) * 0x9e3779b97f4a7c15u;
        logits[v] = static_cast<float>(mixed >> 40) * 0x1p-22f;
      }
      visit(output, logits);
    }
  }

 private:
  static uint16_t& At(KvSegment& segment, uint32_t position) {
    return segment.keys<uint16_t>(
        0,
        0)[position / kernels::kKeyBlock * 16 * kernels::kKeyBlock + position % kernels::kKeyBlock];
  }
  static uint32_t TokenAt(const KvSequence& kv, uint32_t position) {
    uint32_t begin = 0;
    for (const KvPart& part : kv.shared) {
      const uint32_t size = part.num_blocks * kernels::kKeyBlock;
      if (position < begin + size) {
        return At(const_cast<KvSegment&>(*part.segment), position - begin);
      }
      begin += size;
    }
    return At(*kv.own, position - kv.shared_length);
  }

  std::string architecture_ = "circular";
};

class ListFeed final : public RowFeed {
 public:
  explicit ListFeed(std::vector<UnitRow> rows) : rows_(std::move(rows)) {}
  bool Next(UnitRow& row) override {
    if (next_ == rows_.size()) return false;
    row = rows_[next_++];
    return true;
  }

 private:
  std::vector<UnitRow> rows_;
  size_t next_ = 0;
};

class MapSink final : public OutcomeSink {
 public:
  void Put(UnitOutcome outcome) override { outcomes[outcome.row] = std::move(outcome.decoded); }
  std::map<uint64_t, DecodeResult> outcomes;
};

std::vector<UnitRow> SomeRows(size_t count) {
  std::mt19937 random(7);
  std::vector<UnitRow> rows(count);
  for (size_t i = 0; i < count; ++i) {
    rows[i].row = i;
    rows[i].digest = {i * 77 + 1, i};
    rows[i].tokens.resize(1 + random() % 70);
    for (int32_t& token : rows[i].tokens) {
      token = static_cast<int32_t>(random() % CircularDecoder::kVocabulary);
    }
  }
  return rows;
}

struct UnitRun {
  std::map<uint64_t, DecodeResult> outcomes;
  UnitTimes times;
};

UnitRun RunUnit(const GenerateSpec& generate, const UnitOptions& options, size_t num_rows) {
  const CircularDecoder decoder;
  const DecodeSpec spec = generate;
  ThreadTeam team(1);
  ExecutionUnit unit(decoder, kernels::ScalarTable(), spec, options, team);
  ListFeed feed(SomeRows(num_rows));
  MapSink sink;
  const std::atomic<bool> stop{false};
  unit.Run(feed, sink, nullptr, stop);
  return {std::move(sink.outcomes), unit.times()};
}

void ExpectSame(const UnitRun& a, const UnitRun& b) {
  ASSERT_EQ(a.outcomes.size(), b.outcomes.size());
  for (const auto& [row, result] : a.outcomes) {
    SCOPED_TRACE(row);
    EXPECT_EQ(result.answers, b.outcomes.at(row).answers);
    EXPECT_EQ(result.finish, b.outcomes.at(row).finish);
  }
}

// Greedy and sampled, one answer and several, ended by length, by an end token and by the context.
TEST(ExecutionUnitTest, GuessingAheadChangesNoToken) {
  for (const float temperature : {0.0f, 0.3f, 1.0f}) {
    for (const uint32_t samples : {1u, 3u}) {
      for (const uint32_t max_tokens : {1u, 2u, 40u, 300u}) {
        SCOPED_TRACE(testing::Message() << "temperature " << temperature << ", samples " << samples
                                        << ", max_tokens " << max_tokens);
        GenerateSpec generate;
        generate.sampling.temperature = temperature;
        generate.num_samples = samples;
        generate.max_tokens = max_tokens;
        if (max_tokens == 40) generate.end_tokens = {5};
        UnitOptions options;
        options.draft_tokens = 0;
        const UnitRun plain = RunUnit(generate, options, 12);
        EXPECT_EQ(plain.times.drafted_tokens, 0u);
        for (const size_t draft_tokens : {1u, 3u, 8u, 100u}) {
          for (const size_t max_rows : {1u, 2u, 128u}) {
            options.draft_tokens = draft_tokens;
            options.max_rows = max_rows;
            ExpectSame(plain, RunUnit(generate, options, 12));
          }
        }
      }
    }
  }
}

TEST(ExecutionUnitTest, GuessesAreTakenWhereTheTextRepeatsItself) {
  GenerateSpec generate;
  generate.max_tokens = 100;
  UnitOptions options;
  options.max_rows = 1;
  options.draft_tokens = 0;
  const UnitRun plain = RunUnit(generate, options, 4);
  options.draft_tokens = 6;
  const UnitRun guessing = RunUnit(generate, options, 4);
  ExpectSame(plain, guessing);
  EXPECT_GT(guessing.times.accepted_tokens, 0u);
  EXPECT_LE(guessing.times.accepted_tokens, guessing.times.drafted_tokens);
  EXPECT_LT(guessing.times.steps, plain.times.steps / 2);
}

// The penalty reads the answer so far, which within one step grows guess by guess.
TEST(ExecutionUnitTest, GuessingAheadKeepsTheRepetitionPenalty) {
  GenerateSpec generate;
  generate.max_tokens = 60;
  generate.sampling.repetition_penalty = 1.05f;
  UnitOptions options;
  options.max_rows = 2;
  options.draft_tokens = 0;
  const UnitRun plain = RunUnit(generate, options, 8);
  options.draft_tokens = 6;
  ExpectSame(plain, RunUnit(generate, options, 8));
}

TEST(ExecutionUnitTest, TheBudgetOfAStepChangesNoToken) {
  GenerateSpec generate;
  generate.max_tokens = 30;
  UnitOptions options;
  const UnitRun wide = RunUnit(generate, options, 20);
  for (const size_t batch_tokens : {1u, 2u, 7u, 33u}) {
    SCOPED_TRACE(batch_tokens);
    options.batch_tokens = batch_tokens;
    ExpectSame(wide, RunUnit(generate, options, 20));
  }
}

}  // namespace
}  // namespace rowmill
