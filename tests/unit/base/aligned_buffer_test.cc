#include "base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(AlignedBytesTest, IsAlignedAndZeroed) {
  for (const size_t size : {size_t{1}, size_t{64}, size_t{4097}, (size_t{4} << 20) + 3}) {
    AlignedBytes bytes(size);
    ASSERT_EQ(bytes.size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0U);
    EXPECT_TRUE(std::all_of(bytes.data(), bytes.data() + size,
                            [](std::byte b) { return b == std::byte{0}; }));
    bytes.data()[size - 1] = std::byte{1};
  }
}

TEST(AlignedBytesTest, EmptyHasNoMemory) {
  EXPECT_EQ(AlignedBytes().data(), nullptr);
  EXPECT_EQ(AlignedBytes(0).size(), 0U);
}

TEST(AlignedBytesTest, MoveHandsTheMemoryOver) {
  AlignedBytes first(100);
  std::byte* const data = first.data();
  AlignedBytes second(std::move(first));
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(second.size(), 100U);
  AlignedBytes third(5);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
}

TEST(AlignedBytesTest, RefusesWhatNoMachineHas) {
  EXPECT_THROW(AlignedBytes(size_t{1} << 60), ResourceError);
}

TEST(AlignedBufferTest, HoldsElements) {
  AlignedBuffer<float> buffer(10);
  for (size_t i = 0; i < buffer.size(); ++i) buffer[i] = static_cast<float>(i);
  EXPECT_EQ(buffer.span().size(), 10U);
  EXPECT_EQ(std::as_const(buffer).span()[9], 9.0F);
  EXPECT_EQ(std::as_const(buffer)[3], 3.0F);
}

TEST(AlignedBufferTest, RefusesASizeThatWraps) {
  EXPECT_ANY_THROW(AlignedBuffer<double>(SIZE_MAX / 4));
  EXPECT_ANY_THROW(AlignedBuffer<double>((SIZE_MAX >> 3) + 2));  // 8 bytes after wrapping
}

}  // namespace
}  // namespace rowmill
