#include "models/batch_attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "models/kv_cache.h"

namespace rowmill {
namespace {

constexpr size_t kHeads = 6;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 16;
constexpr KvShape kShape = {1, kKvHeads, kHeadDim};

std::vector<float> RandomValues(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-1.0f, 1.0f);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

// Three sequences, two of which continue a shared part of 64 positions, with chunks of 5, 1 and 40
// tokens.
class BatchAttentionTest : public testing::Test {
 protected:
  BatchAttentionTest() : parent_segment_(kShape, 2) {
    parent_.own = &parent_segment_;
    Append(parent_, 64, 1);
    for (size_t s = 0; s < 3; ++s) {
      segments_.push_back(std::make_unique<KvSegment>(kShape, 3));
      sequences_[s] = s < 2 ? ForkSequence(parent_, 64, segments_.back().get()) : KvSequence{};
      sequences_[s].own = segments_.back().get();
    }
    uint32_t begin = 0;
    for (size_t s = 0; s < 3; ++s) {
      batch_.sequences.push_back({&sequences_[s], begin, kCounts[s]});
      begin += kCounts[s];
    }
    batch_.tokens.resize(begin);
  }

  void Append(KvSequence& kv, uint32_t count, uint32_t seed) {
    TokenBatch batch;
    batch.tokens.resize(count);
    batch.sequences.push_back({&kv, 0, count});
    BatchAttention attention({kHeads, kKvHeads, kHeadDim}, count);
    std::vector<float> unused(count * kHeads * kHeadDim);
    attention.Plan(batch, unused.data(), unused.data());
    const std::vector<float> keys = RandomValues(count * kKvHeads * kHeadDim, seed);
    const std::vector<float> values = RandomValues(count * kKvHeads * kHeadDim, seed + 1);
    attention.StoreKeyValues(kernels::ScalarTable(), team_, 0, keys.data(), values.data());
    kv.length += count;
  }

  // Attention of the tokens, [their number, H * d]; of all where `wanted` is empty.
  std::vector<float> Attend(const std::vector<uint32_t>& wanted) {
    const size_t num_tokens = batch_.tokens.size();
    const size_t width = kHeads * kHeadDim;
    const std::vector<float> queries = RandomValues(num_tokens * width, 5);
    const std::vector<float> keys = RandomValues(num_tokens * kKvHeads * kHeadDim, 6);
    const std::vector<float> values = RandomValues(num_tokens * kKvHeads * kHeadDim, 7);
    std::vector<float> asked = queries;
    std::vector<float> outputs(num_tokens * width, -1.0f);
    BatchAttention attention({kHeads, kKvHeads, kHeadDim}, num_tokens);
    attention.Plan(batch_, asked.data(), outputs.data());
    attention.StoreKeyValues(kernels::ScalarTable(), team_, 0, keys.data(), values.data());
    if (!wanted.empty()) {
      for (size_t row = 0; row < wanted.size(); ++row) {
        std::copy_n(queries.data() + wanted[row] * width, width, asked.data() + row * width);
      }
      attention.KeepQueries(wanted);
      outputs.resize(wanted.size() * width);
    }
    attention.Run(kernels::ScalarTable(), team_, 0);
    return outputs;
  }

  static constexpr uint32_t kCounts[3] = {5, 1, 40};
  ThreadTeam team_{1};
  KvSegment parent_segment_;
  KvSequence parent_;
  std::vector<std::unique_ptr<KvSegment>> segments_;
  KvSequence sequences_[3];
  TokenBatch batch_;
};

TEST_F(BatchAttentionTest, WantedTokensGetTheBitsThatTheyGetAmongAll) {
  const std::vector<float> all = Attend({});
  const size_t width = kHeads * kHeadDim;
  for (const std::vector<uint32_t>& wanted :
       {std::vector<uint32_t>{45}, {4, 5, 45}, {0, 7, 8, 30}, {5}, {6, 44}}) {
    const std::vector<float> some = Attend(wanted);
    ASSERT_EQ(some.size(), wanted.size() * width);
    for (size_t row = 0; row < wanted.size(); ++row) {
      EXPECT_EQ(std::memcmp(some.data() + row * width, all.data() + wanted[row] * width,
                            width * sizeof(float)),
                0)
          << "token " << wanted[row];
    }
  }
}

}  // namespace
}  // namespace rowmill
