// Every decoder family against another engine, on tiny random models that both read from the same
// Hugging Face folder: logits at three lengths, each sequence alone, all of them in one ragged
// batch, in chunks, and behind a shared prefix.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "kernels/dispatch.h"
#include "models/model.h"

namespace rowmill {
namespace {

struct Case {
  std::vector<int32_t> ids;
  std::vector<uint32_t> outputs;
  std::vector<std::vector<float>> logits;  // [outputs, V]
};
using Logits = std::vector<std::vector<float>>;

std::vector<Case> ReadCases(const std::string& family) {
  std::ifstream file(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/decoder_goldens.json");
  const auto goldens = nlohmann::json::parse(file);
  std::vector<Case> cases;
  for (const auto& entry : goldens["cases"]) {
    if (entry["family"] != family) continue;
    cases.push_back({entry["ids"], entry["outputs"], entry["logits"]});
  }
  return cases;
}

struct Difference {
  double largest = 0.0;
  double rms = 0.0;  // root of the mean square
};

Difference Compare(const Logits& actual, const Logits& expected) {
  if (actual.size() != expected.size()) return {INFINITY, INFINITY};
  Difference difference;
  double squares = 0.0;
  size_t count = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t v = 0; v < expected[i].size(); ++v) {
      const double d = std::fabs(static_cast<double>(actual[i][v]) - expected[i][v]);
      difference.largest = std::max(difference.largest, d);
      squares += d * d;
      ++count;
    }
  }
  difference.rms = std::sqrt(squares / static_cast<double>(count));
  return difference;
}

// A model as a folder made by tools/make_tiny_folder.py, and what it says to tokens.
class Model {
 public:
  Model(const std::string& folder, Numerics numerics, const kernels::KernelTable& kernels)
      : file_(ModelFile::Open(folder)),
        team_(2),
        decoder_(LoadDecoder(file_, {&kernels, numerics}, team_)),
        workspace_(decoder_->workspace_shape(), 512) {}

  const Decoder& decoder() const { return *decoder_; }

  // One sequence on its way through the model.
  struct Running {
    explicit Running(const Decoder& decoder, size_t length)
        : own(decoder.kv_shape(), BlocksFor(length)) {
      kv.own = &own;
    }
    KvSegment own;
    KvSequence kv;
  };

  void Step(TokenBatch& batch, Logits& out) {
    decoder_->Forward(batch, workspace_, team_, [&](size_t, std::span<float> logits) {
      out.emplace_back(logits.begin(), logits.end());
    });
  }

  // The sequence alone, `chunk` tokens at a time.
  Logits Run(const Case& c, size_t chunk) {
    Running running(*decoder_, c.ids.size());
    Logits out;
    for (size_t begin = 0; begin < c.ids.size(); begin += chunk) {
      const size_t end = std::min(begin + chunk, c.ids.size());
      TokenBatch batch;
      batch.tokens.assign(c.ids.begin() + static_cast<std::ptrdiff_t>(begin),
                          c.ids.begin() + static_cast<std::ptrdiff_t>(end));
      batch.sequences.push_back({&running.kv, 0, static_cast<uint32_t>(end - begin)});
      for (uint32_t position : c.outputs) {
        if (position >= begin && position < end) {
          batch.outputs.push_back(position - static_cast<uint32_t>(begin));
        }
      }
      Step(batch, out);
    }
    return out;
  }

  // All sequences in one step; the logits of all outputs, one after another.
  Logits RunRagged(const std::vector<Case>& cases) {
    std::vector<std::unique_ptr<Running>> running;
    TokenBatch batch;
    for (const Case& c : cases) {
      running.push_back(std::make_unique<Running>(*decoder_, c.ids.size()));
      const auto begin = static_cast<uint32_t>(batch.tokens.size());
      batch.tokens.insert(batch.tokens.end(), c.ids.begin(), c.ids.end());
      batch.sequences.push_back({&running.back()->kv, begin, static_cast<uint32_t>(c.ids.size())});
      for (uint32_t position : c.outputs) batch.outputs.push_back(begin + position);
    }
    Logits out;
    Step(batch, out);
    return out;
  }

  // The sequence twice, both continuing its first `shared` tokens, which ran by themselves.
  Logits RunTwiceBehindPrefix(const Case& c, uint32_t shared) {
    Running prefix(*decoder_, shared);
    TokenBatch first;
    first.tokens.assign(c.ids.begin(), c.ids.begin() + shared);
    first.sequences.push_back({&prefix.kv, 0, shared});
    Logits out;
    Step(first, out);
    Running a(*decoder_, c.ids.size());
    Running b(*decoder_, c.ids.size());
    a.kv = ForkSequence(prefix.kv, shared, &a.own);
    b.kv = ForkSequence(prefix.kv, shared, &b.own);
    const auto rest = static_cast<uint32_t>(c.ids.size()) - shared;
    TokenBatch batch;
    for (KvSequence* kv : {&a.kv, &b.kv}) {
      const auto begin = static_cast<uint32_t>(batch.tokens.size());
      batch.tokens.insert(batch.tokens.end(), c.ids.begin() + shared, c.ids.end());
      batch.sequences.push_back({kv, begin, rest});
      for (uint32_t position : c.outputs) {
        if (position >= shared) batch.outputs.push_back(begin + position - shared);
      }
    }
    Step(batch, out);
    return out;
  }

 private:
  ModelFile file_;
  ThreadTeam team_;
  std::unique_ptr<Decoder> decoder_;
  Workspace workspace_;
};

class DecoderGoldenTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::system("python3 -c pass >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
    folder_ = ::testing::TempDir() + "rowmill_tiny_folder_" + GetParam();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Make(const std::string& options) {
    std::filesystem::remove_all(folder_);
    const std::string command = "python3 '" ROWMILL_SOURCE_DIR "/tools/make_tiny_folder.py' -o '" +
                                folder_ + "' --family " + GetParam() + " " + options;
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  const kernels::KernelTable& kernels_ = kernels::SelectTable(DetectCpuFeatures(), "auto");
  std::string folder_;
};

TEST_P(DecoderGoldenTest, LogitsAreTheOtherEngines) {
  Make("");
  const std::vector<Case> cases = ReadCases(GetParam());
  ASSERT_EQ(cases.size(), 3u);
  Model model(folder_, Numerics::kF32, kernels_);
  Logits all;
  for (const Case& c : cases) {
    const Logits alone = model.Run(c, c.ids.size());
    const Difference difference = Compare(alone, c.logits);
    printf("%s, %zu tokens: difference rms %.1e, largest %.1e\n", GetParam(), c.ids.size(),
           difference.rms, difference.largest);
    // The logits have a deviation of about 3.
    EXPECT_LE(difference.rms, 1e-4);
    EXPECT_LE(difference.largest, 1e-3);
    all.insert(all.end(), alone.begin(), alone.end());
    // The same bits in chunks of any length.
    EXPECT_EQ(model.Run(c, c.ids.size() < 50 ? 1 : 33), alone);
  }
  EXPECT_EQ(model.RunRagged(cases), all);
}

TEST_P(DecoderGoldenTest, ASharedPrefixChangesNothing) {
  Make("");
  const Case longest = ReadCases(GetParam()).back();
  Model model(folder_, Numerics::kF32, kernels_);
  const Logits alone = model.Run(longest, longest.ids.size());
  Logits twice = alone;
  twice.insert(twice.end(), alone.begin(), alone.end());
  for (uint32_t shared : {1u, 32u, 40u, 70u}) {
    EXPECT_EQ(model.RunTwiceBehindPrefix(longest, shared), twice) << shared;
  }
}

// The last layer computes the wanted tokens alone; that must not show.
TEST_P(DecoderGoldenTest, WantedTokensGetTheBitsThatTheyGetAmongAll) {
  for (const char* type : {"", "--type bf16"}) {
    Make(type);
    Case c = ReadCases(GetParam()).back();
    Model model(folder_, Numerics::kInt8, kernels_);
    c.outputs.resize(c.ids.size());
    std::iota(c.outputs.begin(), c.outputs.end(), 0u);
    const Logits all = model.Run(c, c.ids.size());
    const auto last = static_cast<uint32_t>(c.ids.size() - 1);
    for (const std::vector<uint32_t>& wanted :
         {std::vector<uint32_t>{last}, {0, 17, last - 1}, {12, 13, 14, 15}}) {
      c.outputs = wanted;
      const Logits some = model.Run(c, c.ids.size());
      ASSERT_EQ(some.size(), wanted.size());
      for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(some[i], all[wanted[i]]) << wanted[i];
    }
  }
}

TEST_P(DecoderGoldenTest, EveryInstructionSetGivesTheSameBits) {
  Make("--type bf16 --shards");
  const std::vector<Case> cases = ReadCases(GetParam());
  Model scalar(folder_, Numerics::kAuto, kernels::ScalarTable());
  Model best(folder_, Numerics::kAuto, kernels_);
  EXPECT_EQ(scalar.RunRagged(cases), best.RunRagged(cases));
  // Weights of 8 bits of precision: near the others, not equal.
  EXPECT_LE(Compare(best.Run(cases[0], 7), cases[0].logits).rms, 0.3);
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderGoldenTest,
                         ::testing::Values("llama", "llama3", "mistral", "qwen2", "qwen3", "gemma3",
                                           "gpt2"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace rowmill
