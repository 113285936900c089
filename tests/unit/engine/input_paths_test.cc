#include "engine/input_paths.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(InputPathsTest, StoresNothingWithoutPaths) {
  const InputPaths paths(::testing::TempDir(), 7);
  EXPECT_EQ(paths.Get(7), "");
  EXPECT_EQ(paths.bytes(), 0u);
}

TEST(InputPathsTest, KeepsPathsAndGaps) {
  InputPaths paths(::testing::TempDir(), 10);
  paths.Set(11, "photos/a.jpg");
  paths.Set(12, "b");
  paths.Set(15, std::string(5000, 'c'));
  EXPECT_EQ(paths.Get(9), "");
  EXPECT_EQ(paths.Get(10), "");
  EXPECT_EQ(paths.Get(11), "photos/a.jpg");
  EXPECT_EQ(paths.Get(12), "b");
  EXPECT_EQ(paths.Get(13), "");
  EXPECT_EQ(paths.Get(14), "");
  EXPECT_EQ(paths.Get(15), std::string(5000, 'c'));
  EXPECT_EQ(paths.Get(16), "");
  EXPECT_EQ(paths.bytes(), 6 * 8 + 12 + 1 + 5000u);
}

}  // namespace
}  // namespace rowmill
