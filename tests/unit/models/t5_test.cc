#include "models/t5.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

// Of the published configuration: 32 buckets, distances up to 128. Distances of 16, 32 and 64 are
// exactly 2, 4 and 6 of 8 buckets beyond the exact ones.
TEST(T5Bucket, OfEncoders) {
  const auto bucket = [](int64_t distance) {
    return T5Bucket(distance, T5Side::kEncoder, 32, 128);
  };
  EXPECT_EQ(bucket(0), 0u);
  EXPECT_EQ(bucket(-1), 1u);
  EXPECT_EQ(bucket(-7), 7u);
  EXPECT_EQ(bucket(-8), 8u);
  EXPECT_EQ(bucket(-11), 8u);
  EXPECT_EQ(bucket(-12), 9u);
  EXPECT_EQ(bucket(-15), 9u);
  EXPECT_EQ(bucket(-16), 10u);
  EXPECT_EQ(bucket(-31), 11u);
  EXPECT_EQ(bucket(-32), 12u);
  EXPECT_EQ(bucket(-63), 13u);
  EXPECT_EQ(bucket(-64), 14u);
  EXPECT_EQ(bucket(-127), 15u);
  EXPECT_EQ(bucket(-128), 15u);
  EXPECT_EQ(bucket(-5000), 15u);
  EXPECT_EQ(bucket(1), 17u);
  EXPECT_EQ(bucket(16), 26u);
  EXPECT_EQ(bucket(5000), 31u);
}

TEST(T5Bucket, OfDecoders) {
  const auto bucket = [](int64_t distance) {
    return T5Bucket(distance, T5Side::kDecoder, 32, 128);
  };
  EXPECT_EQ(bucket(0), 0u);
  EXPECT_EQ(bucket(3), 0u);
  EXPECT_EQ(bucket(-15), 15u);
  EXPECT_EQ(bucket(-16), 16u);
  EXPECT_EQ(bucket(-32), 21u);
  EXPECT_EQ(bucket(-127), 31u);
  EXPECT_EQ(bucket(-9000), 31u);
}

}  // namespace
}  // namespace rowmill
