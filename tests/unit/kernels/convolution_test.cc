#include <limits>

#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

class ConvolutionTest : public KernelTest {};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST_P(ConvolutionTest, BiasClampEqualsScalar) {
  Random random(71);
  for (Extremes extremes : {Extremes::kNone, Extremes::kFinite, Extremes::kAll}) {
    for (size_t n : {1, 15, 16, 17, 33, 96}) {
      for (size_t m : {1, 3}) {
        std::vector<float> y = RandomFloats(random, m * n + 2, extremes);
        for (float& value : y) value *= 5.0f;
        y[1] = -0.0f;
        const std::vector<float> b = RandomFloats(random, n + 1);
        std::vector<float> expected = y;
        ScalarTable().bias_clamp({expected.data() + 1, b.data() + 1, m, n, 0.0f, 6.0f});
        table().bias_clamp({y.data() + 1, b.data() + 1, m, n, 0.0f, 6.0f});
        EXPECT_TRUE(SameBits(expected, y)) << m << " x " << n;
      }
    }
  }
}

struct Shape {
  size_t kernel, stride, pad, in_width, out_width, channels;
};

std::vector<float> Convolve(const KernelTable& table, const Shape& s, const std::vector<float>& in,
                            const std::vector<float>& wb, size_t missing_row, float high) {
  std::vector<const float*> rows;
  for (size_t ky = 0; ky < s.kernel; ++ky) {
    rows.push_back(ky == missing_row ? nullptr : in.data() + 1 + ky * s.in_width * s.channels);
  }
  std::vector<float> y(s.out_width * s.channels + 2, 7.0f);
  const float* w = wb.data() + 1;
  table.depthwise({rows.data(), w, w + s.kernel * s.kernel * s.channels, y.data() + 1, s.kernel,
                   s.stride, s.pad, s.in_width, s.out_width, s.channels, high < 1.0f ? -high : 0.0f,
                   high});
  return y;
}

TEST_P(ConvolutionTest, DepthwiseEqualsScalar) {
  const uint64_t seed = 72;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const Shape shapes[] = {{3, 1, 1, 14, 14, 32}, {3, 2, 0, 14, 7, 48},   {5, 1, 2, 28, 28, 16},
                          {5, 2, 1, 28, 14, 33}, {5, 2, 2, 15, 8, 17},   {3, 1, 1, 1, 1, 16},
                          {3, 1, 1, 2, 2, 15},   {5, 1, 2, 3, 3, 64},    {3, 2, 1, 7, 4, 1},
                          {7, 3, 3, 20, 7, 40},  {1, 1, 0, 9, 9, 16},    {5, 2, 1, 4, 2, 32},
                          {3, 1, 0, 40, 38, 16}, {3, 1, 1, 112, 112, 16}};
  for (const Shape& s : shapes) {
    for (Extremes extremes : {Extremes::kNone, Extremes::kAll}) {
      const std::vector<float> in =
          RandomFloats(random, s.kernel * s.in_width * s.channels + 1, extremes);
      const std::vector<float> wb =
          RandomFloats(random, (s.kernel * s.kernel + 1) * s.channels + 1);
      for (const size_t missing_row : {size_t{99}, size_t{0}, s.kernel - 1}) {
        for (const float high : {6.0f, 0.25f, kInfinity}) {
          EXPECT_TRUE(SameBits(Convolve(ScalarTable(), s, in, wb, missing_row, high),
                               Convolve(table(), s, in, wb, missing_row, high)))
              << s.kernel << "/" << s.stride << " " << s.in_width << " x " << s.channels;
        }
      }
    }
  }
}

TEST_P(ConvolutionTest, DepthwiseByHand) {
  // One channel, kernel 3: a row of zeros, the row of the output, and none below it.
  const Shape s = {3, 1, 1, 4, 4, 1};
  const std::vector<float> in = {0, 0, 0, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9};
  std::vector<float> wb(11, 0.0f);
  wb[1 + 3] = 10.0f;  // left of the middle
  wb[1 + 4] = 1.0f;
  wb[1 + 9] = 0.5f;  // bias
  const std::vector<float> y = Convolve(table(), s, in, wb, 2, kInfinity);
  EXPECT_EQ(y, (std::vector<float>{7.0f, 1.5f, 12.5f, 23.5f, 34.5f, 7.0f}));
}

INSTANTIATE_TEST_SUITE_P(AllTables, ConvolutionTest, testing::ValuesIn(TablesToTest()),
                         TableName());

}  // namespace
}  // namespace rowmill::kernels
