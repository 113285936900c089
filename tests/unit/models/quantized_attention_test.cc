#include "models/quantized_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/cpu.h"
#include "kernels/dispatch.h"
#include "models/whole_attention.h"

namespace rowmill {
namespace {

constexpr EncoderShape kShape = {
    .model_dim = 96, .num_heads = 3, .head_dim = 32, .ffn_dim = 96, .pre_norm = true};
constexpr size_t kMost = 120;

enum class Way : uint8_t { kQuantized, kExact };

std::vector<float> Attend(Way way, const std::string& isa, size_t length, size_t num_threads) {
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), isa);
  ThreadTeam team(num_threads);
  EncoderWorkspace ws(kShape, kMost, kMost, num_threads);
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (AlignedBuffer<float>* buffer : {&ws.q, &ws.k, &ws.v}) {
    for (float& x : buffer->span()) x = normal(random);
  }
  for (float& x : ws.q.span()) x /= std::sqrt(static_cast<float>(kShape.head_dim));
  const auto text = static_cast<uint32_t>(length);
  if (way == Way::kExact) {
    AttendWithinTexts(kernels, kShape, {&text, 1}, {}, ws, team);
  } else {
    QuantizedAttention attention(kMost, kShape.head_dim, num_threads);
    // What an earlier, longer text left behind counts for nothing.
    attention.Run(kernels, kShape, kMost, ws, team);
    attention.Run(kernels, kShape, length, ws, team);
  }
  return {ws.attended.data(), ws.attended.data() + length * 96};
}

TEST(QuantizedAttentionTest, IsNearExactAttention) {
  for (const size_t length : {1u, 15u, 32u, 49u, 100u, 120u}) {
    const std::vector<float> exact = Attend(Way::kExact, "auto", length, 1);
    const std::vector<float> quantized = Attend(Way::kQuantized, "auto", length, 1);
    double difference = 0.0, size = 0.0;
    for (size_t i = 0; i < exact.size(); ++i) {
      difference += (exact[i] - quantized[i]) * (exact[i] - quantized[i]);
      size += exact[i] * exact[i];
    }
    EXPECT_LT(std::sqrt(difference / size), 0.05) << length;
  }
}

TEST(QuantizedAttentionTest, GivesTheSameBitsEverywhere) {
  for (const size_t length : {1u, 49u, 120u}) {
    const std::vector<float> expected = Attend(Way::kQuantized, "scalar", length, 1);
    for (const kernels::KernelTable* table : kernels::AvailableTables(DetectCpuFeatures())) {
      EXPECT_EQ(Attend(Way::kQuantized, table->name, length, 1), expected) << table->name;
    }
    EXPECT_EQ(Attend(Way::kQuantized, "auto", length, 3), expected);
  }
}

}  // namespace
}  // namespace rowmill
