#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(DTypeTest, KnowsExactlyTheSupportedIds) {
  const std::set<uint32_t> supported = {0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 26, 30};
  for (uint32_t id = 0; id < 100; ++id) {
    EXPECT_EQ(DTypeFromId(id).has_value(), supported.contains(id)) << id;
  }
  EXPECT_FALSE(DTypeFromId(UINT32_MAX).has_value());
}

TEST(DTypeTest, DescribesItself) {
  EXPECT_EQ(Name(DType::kQ4_1), "Q4_1");
  EXPECT_EQ(GetDTypeInfo(DType::kQ6_K).block_bytes, 210U);
  EXPECT_EQ(GetDTypeInfo(DType::kQ6_K).block_elements, 256U);
  EXPECT_EQ(GetDTypeInfo(DType::kBF16).block_bytes, 2U);
  EXPECT_THROW(GetDTypeInfo(static_cast<DType>(4)), InternalError);
}

}  // namespace
}  // namespace rowmill
