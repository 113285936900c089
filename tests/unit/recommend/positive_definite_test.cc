#include "recommend/positive_definite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "unit/recommend/fixtures.h"

namespace rowmill {
namespace {

// X^T X + lambda I of random 0 and 1.
std::vector<float> Matrix(size_t n, float lambda) {
  const size_t rows = 2 * n + 3;
  std::vector<float> x(rows * n);
  for (size_t i = 0; i < x.size(); ++i) x[i] = RandomBits(n, i) % 5 == 0 ? 1.0f : 0.0f;
  std::vector<float> a(n * n, 0.0f);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) a[i * n + j] += x[r * n + i] * x[r * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) a[i * n + i] += lambda;
  return a;
}

AlignedBuffer<float> Inverse(const std::vector<float>& a, size_t n, size_t threads,
                             const char* isa = "auto") {
  AlignedBuffer<float> out(n * n);
  std::copy(a.begin(), a.end(), out.data());
  // Only the lower triangle is read.
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) out[i * n + j] = std::nanf("");
  }
  ThreadTeam team(threads);
  InvertPositiveDefinite(out, n, testing::Kernels(isa), team);
  return out;
}

class InverseOfSize : public ::testing::TestWithParam<size_t> {};

TEST_P(InverseOfSize, TimesTheMatrixIsOne) {
  const size_t n = GetParam();
  const std::vector<float> a = Matrix(n, 3.0f);
  const AlignedBuffer<float> inverse = Inverse(a, n, 1);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (size_t k = 0; k < n; ++k) {
        sum += static_cast<double>(a[i * n + k]) * static_cast<double>(inverse[k * n + j]);
      }
      ASSERT_NEAR(sum, i == j ? 1.0 : 0.0, 2e-4) << i << " " << j;
      ASSERT_EQ(inverse[i * n + j], inverse[j * n + i]);
    }
  }
}

TEST_P(InverseOfSize, SameBitsForAnyThreadsAndInstructionSet) {
  const size_t n = GetParam();
  const std::vector<float> a = Matrix(n, 3.0f);
  const AlignedBuffer<float> one = Inverse(a, n, 1);
  const AlignedBuffer<float> three = Inverse(a, n, 3);
  const AlignedBuffer<float> scalar = Inverse(a, n, 2, "scalar");
  for (size_t i = 0; i < n * n; ++i) {
    ASSERT_EQ(one[i], three[i]);
    ASSERT_EQ(one[i], scalar[i]);
  }
}

// Around the group of 16 channels and the block of 64.
INSTANTIATE_TEST_SUITE_P(PositiveDefinite, InverseOfSize,
                         ::testing::Values(1, 2, 15, 16, 17, 63, 64, 65, 80, 129, 200));

TEST(PositiveDefinite, OthersAreRefused) {
  EXPECT_THROW(Inverse({1, 2, 2, 1}, 2, 1), DataError);
  EXPECT_THROW(Inverse({0}, 1, 1), DataError);
}

TEST(PositiveDefinite, SolvesByHand) {
  std::vector<double> a = {4, 99, 2, 3};  // what is above the diagonal is not read
  std::vector<double> b = {10, 7};
  ASSERT_TRUE(SolvePositiveDefinite(a, b));
  EXPECT_DOUBLE_EQ(b[0], 2.0);
  EXPECT_DOUBLE_EQ(b[1], 1.0);
  std::vector<double> singular = {1, 0, 1, 1};
  EXPECT_FALSE(SolvePositiveDefinite(singular, b));
}

}  // namespace
}  // namespace rowmill
