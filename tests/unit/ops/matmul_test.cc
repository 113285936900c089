// Products through ops/: the two roundings of activations against a product in double, and the same
// bits for any team.
#include "ops/matmul.h"

#include <cmath>
#include <random>

#include "base/cpu.h"
#include "gtest/gtest.h"
#include "kernels/dispatch.h"
#include "tensor/dequantize.h"
#include "tensor/quantize.h"

namespace rowmill {
namespace {

constexpr size_t kM = 37;
constexpr size_t kN = 50;
constexpr size_t kK = 1056;  // more than one piece of the remainder, and not a multiple of it

std::vector<float> RandomFloats(uint64_t seed, size_t n) {
  std::mt19937_64 engine(seed);
  std::vector<float> values(n);
  for (float& value : values) {
    value = static_cast<float>(static_cast<int32_t>(engine() >> 32)) * 0x1p-31f;
  }
  return values;
}

class MatMulTest : public testing::Test {
 protected:
  MatMulTest() : floats_(RandomFloats(3, kN * kK)), x_(RandomFloats(5, kM * kK)) {
    // One large value in a block is what makes 8 bits coarse for its neighbours.
    for (size_t i = 0; i < x_.size(); i += 70) x_[i] *= 40.0f;
    const TensorView view = {
        "w", DType::kF32, {kN, kK}, std::as_bytes(std::span<const float>(floats_))};
    blocks_ = QuantizeToQ8_0(view);
    weight_ = {"w", DType::kQ8_0, {kN, kK}, blocks_};
  }

  std::vector<float> Multiply(PackedWeights::Mode mode, size_t num_threads,
                              kernels::Store store = kernels::Store::kAssign) {
    ThreadTeam team(num_threads);
    const PackedWeights packed = PackedWeights::Pack(weight_, mode, {}, team);
    ActivationBuffer buffer(kM, kK);
    MatMulInput input(*kernels_, team, x_.data(), kM, kK, buffer);
    std::vector<float> y(kM * kN, 1.0f);
    input.Multiply(packed, y.data(), kN, store);
    return y;
  }

  std::vector<double> InDouble() const {
    std::vector<double> y(kM * kN);
    std::vector<float> row(kK);
    for (size_t n = 0; n < kN; ++n) {
      DequantizeRow(weight_, n, row);
      for (size_t m = 0; m < kM; ++m) {
        for (size_t k = 0; k < kK; ++k) y[m * kN + n] += double{row[k]} * double{x_[m * kK + k]};
      }
    }
    return y;
  }

  static double RootMeanSquare(const std::vector<float>& y, const std::vector<double>& exact) {
    double sum = 0.0;
    for (size_t i = 0; i < y.size(); ++i) sum += (y[i] - exact[i]) * (y[i] - exact[i]);
    return std::sqrt(sum / static_cast<double>(y.size()));
  }

  const kernels::KernelTable* kernels_ = &kernels::SelectTable(DetectCpuFeatures(), "auto");
  std::vector<float> floats_;
  std::vector<float> x_;
  std::vector<std::byte> blocks_;
  TensorView weight_;
};

TEST_F(MatMulTest, TwoTermsRoundFinerThanOne) {
  const std::vector<double> exact = InDouble();
  const double one = RootMeanSquare(Multiply(PackedWeights::Mode::kNative, 1), exact);
  const double two = RootMeanSquare(Multiply(PackedWeights::Mode::kTwoTerms, 1), exact);
  EXPECT_GT(one, 1e-2);  // the test is hard enough to see the rounding
  EXPECT_LT(two, one / 100);
}

TEST_F(MatMulTest, AnyTeamGivesTheSameBits) {
  for (const PackedWeights::Mode mode :
       {PackedWeights::Mode::kNative, PackedWeights::Mode::kTwoTerms,
        PackedWeights::Mode::kFloat}) {
    EXPECT_EQ(Multiply(mode, 1), Multiply(mode, 3));
  }
}

TEST_F(MatMulTest, AddingAddsBothTermsToWhatWasThere) {
  const std::vector<float> assigned = Multiply(PackedWeights::Mode::kTwoTerms, 1);
  const std::vector<float> added =
      Multiply(PackedWeights::Mode::kTwoTerms, 1, kernels::Store::kAdd);
  for (size_t i = 0; i < added.size(); ++i) EXPECT_NEAR(added[i], assigned[i] + 1.0f, 1e-3);
}

TEST_F(MatMulTest, EveryTableGivesTheSameBits) {
  const std::vector<float> best = Multiply(PackedWeights::Mode::kTwoTerms, 1);
  kernels_ = &kernels::ScalarTable();
  EXPECT_EQ(Multiply(PackedWeights::Mode::kTwoTerms, 1), best);
}

}  // namespace
}  // namespace rowmill
