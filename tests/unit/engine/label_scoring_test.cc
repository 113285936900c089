// Labels scored by a unit, over the trie and in ragged batches, against brute force: every label
// alone behind its prompt, one sequence, one pass, nothing shared. Equal bit for bit.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/cpu.h"
#include "formats/model_file.h"
#include "kernels/dispatch.h"
#include "unit/engine/random_rows.h"
#include "unit/engine/rows_in_memory.h"

namespace rowmill {
namespace {

constexpr uint64_t kSeed = 77;
constexpr size_t kNumRows = 200;
constexpr size_t kNumLabels = 77;
constexpr uint64_t kVocabulary = 288;

class TinyDecoder {
 public:
  explicit TinyDecoder(const std::string& options)
      : path_(::testing::TempDir() + "rowmill_label_scoring.gguf"),
        kernels_(kernels::SelectTable(DetectCpuFeatures(), "auto")),
        team_(1) {
    const std::string command = "python3 '" ROWMILL_SOURCE_DIR "/tools/make_tiny_model.py' -o '" +
                                path_ + "' --vocab " + std::to_string(kVocabulary) + " " + options;
    if (std::system(command.c_str()) != 0) ADD_FAILURE() << command;
    file_ = std::make_unique<const ModelFile>(ModelFile::Open(path_));
    decoder_ = LoadDecoder(*file_, {&kernels_, Numerics::kAuto}, team_);
  }
  ~TinyDecoder() { std::remove(path_.c_str()); }
  TinyDecoder(const TinyDecoder&) = delete;
  TinyDecoder& operator=(const TinyDecoder&) = delete;

  const Decoder& decoder() const { return *decoder_; }
  const kernels::KernelTable& kernels() const { return kernels_; }
  ThreadTeam& team() { return team_; }

  // log P(label | prompt): both run as one sequence of their own.
  double ScoreAlone(const Tokens& prompt, const Tokens& label, Workspace& workspace) {
    TokenBatch batch;
    batch.tokens = prompt;
    batch.tokens.insert(batch.tokens.end(), label.begin(), label.end() - 1);
    KvSegment own(decoder_->kv_shape(), BlocksFor(batch.tokens.size()));
    KvSequence kv;
    kv.own = &own;
    const auto count = static_cast<uint32_t>(batch.tokens.size());
    batch.sequences.push_back({&kv, 0, count});
    for (auto i = static_cast<uint32_t>(prompt.size()) - 1; i < count; ++i) {
      batch.outputs.push_back(i);
    }
    double score = 0.0;
    decoder_->Forward(batch, workspace, team_, [&](size_t i, std::span<float> logits) {
      const double log_sum = LogSumExp(logits, kernels_);
      score += static_cast<double>(logits[static_cast<size_t>(label[i])]) - log_sum;
    });
    return score;
  }

 private:
  std::string path_;
  const kernels::KernelTable& kernels_;
  ThreadTeam team_;
  std::unique_ptr<const ModelFile> file_;
  std::unique_ptr<const Decoder> decoder_;
};

// Different ones of up to 5 tokens that grow out of one another, so that the trie has deep and
// common branches, and labels that are the beginning of others.
std::vector<Tokens> RandomLabels(std::mt19937_64& random) {
  std::set<Tokens> seen;
  std::vector<Tokens> labels;
  while (labels.size() < kNumLabels) {
    for (Tokens& label : RelatedRows(random, kNumLabels, 3, kVocabulary)) {
      if (label.size() > 5) label.resize(5);
      if (labels.size() < kNumLabels && seen.insert(label).second) labels.push_back(label);
    }
  }
  return labels;
}

void CheckModel(const std::string& options) {
  SCOPED_TRACE(options);
  TinyDecoder tiny(options);
  std::mt19937_64 random(kSeed);
  const std::vector<Tokens> labels = RandomLabels(random);
  std::vector<Tokens> prompts;
  for (size_t i = 0; i < kNumRows; ++i) {
    // Over one and two blocks of keys, and their borders.
    prompts.push_back(RandomTokens(random, Draw(random, 1, 40), kVocabulary));
  }
  const DecodeSpec spec = ScoreSpec{std::make_shared<const LabelTrie>(labels)};
  ExecutionUnit unit(tiny.decoder(), tiny.kernels(), spec,
                     {.batch_tokens = 96, .max_rows = 16, .kv_bytes = size_t{8} << 20},
                     tiny.team());
  testing::RowsInMemory rows(prompts);
  const std::vector<UnitOutcome>& outcomes = rows.Run(unit);

  Workspace workspace(tiny.decoder().workspace_shape(), 64);
  size_t different = 0;
  std::set<double> scores;
  for (size_t row = 0; row < kNumRows; ++row) {
    ASSERT_TRUE(outcomes[row].decoded.finite);
    ASSERT_EQ(outcomes[row].decoded.label_log_probs.size(), kNumLabels);
    for (size_t label = 0; label < kNumLabels; ++label) {
      const double alone = tiny.ScoreAlone(prompts[row], labels[label], workspace);
      different += outcomes[row].decoded.label_log_probs[label] != alone;
      scores.insert(alone);
    }
  }
  EXPECT_EQ(different, 0u) << "seed " << kSeed;
  // The model tells prompts and labels apart: else equal scores would say nothing.
  EXPECT_GT(scores.size(), kNumRows * kNumLabels * 99 / 100);
}

// Labels as ends of inputs of their own: the same sums, with and without a shared prefix, in pieces
// of any size.
void CheckContinuations(const std::string& options) {
  SCOPED_TRACE(options);
  TinyDecoder tiny(options);
  std::mt19937_64 random(kSeed);
  const std::vector<Tokens> labels = RandomLabels(random);
  std::vector<testing::ScoredPrompt> inputs;
  std::vector<double> alone;
  Workspace workspace(tiny.decoder().workspace_shape(), 64);
  for (size_t i = 0; i < kNumRows; ++i) {
    Tokens prompt = RandomTokens(random, Draw(random, 1, 40), kVocabulary);
    const Tokens& label = labels[i % kNumLabels];
    alone.push_back(tiny.ScoreAlone(prompt, label, workspace));
    prompt.insert(prompt.end(), label.begin(), label.end());
    inputs.push_back({prompt, static_cast<uint32_t>(label.size())});
  }
  const DecodeSpec spec = ContinuationSpec{};
  for (const size_t batch_tokens : {1, 7, 96}) {
    ExecutionUnit unit(tiny.decoder(), tiny.kernels(), spec,
                       {.batch_tokens = batch_tokens, .max_rows = 16}, tiny.team());
    testing::RowsInMemory rows(inputs);
    const std::vector<UnitOutcome>& outcomes = rows.Run(unit);
    for (size_t i = 0; i < kNumRows; ++i) {
      ASSERT_EQ(outcomes[i].decoded.label_log_probs.size(), 1u);
      EXPECT_EQ(outcomes[i].decoded.label_log_probs[0], alone[i]) << i << " of " << batch_tokens;
      EXPECT_EQ(outcomes[i].computed_tokens, inputs[i].tokens.size() - 1);
    }
  }
}

TEST(ContinuationScoring, EqualsBruteForceBitForBit) {
  if (std::system("python3 -c pass >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
  CheckContinuations("--type q4_1 --embedding-type q8_0");
}

TEST(LabelScoring, EqualsBruteForceBitForBit) {
  if (std::system("python3 -c pass >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
  CheckModel("--type q4_1 --embedding-type q8_0");
  CheckModel("--type f32 --layers 1");
}

}  // namespace
}  // namespace rowmill
