#include "data/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace rowmill {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Lines(std::string_view text, size_t max_bytes, size_t chunk) {
  InputStream stream(std::make_unique<MemoryByteSource>(text, chunk), "'memory'");
  std::vector<std::string> lines;
  std::string line;
  LineState state;
  while (ReadLine(stream, max_bytes, line, state)) {
    lines.push_back(std::to_string(state.offset) + ":" + line +
                    (state.is_too_long ? "(long)" : "") + (state.is_terminated ? "" : "(end)"));
  }
  return lines;
}

TEST(LineReaderTest, SplitsAtLineFeeds) {
  for (const size_t chunk : {1, 2, 3, 100}) {
    EXPECT_THAT(Lines("a\n\nbc\r\nd", 100, chunk), ElementsAre("0:a", "2:", "3:bc\r", "7:d(end)"));
    EXPECT_THAT(Lines("", 100, chunk), ElementsAre());
    EXPECT_THAT(Lines("\n", 100, chunk), ElementsAre("0:"));
  }
}

TEST(LineReaderTest, PassesOverLongLines) {
  for (const size_t chunk : {1, 2, 3, 100}) {
    EXPECT_THAT(Lines("1234\n12345\n123456\n1\n", 5, chunk),
                ElementsAre("0:1234", "5:12345", "11:(long)", "18:1"));
    EXPECT_THAT(Lines("123456", 5, chunk), ElementsAre("0:(long)(end)"));
  }
}

TEST(LineReaderTest, ALongLineTakesNoMoreThanTheLimit) {
  constexpr size_t kLimit = 1000;
  const std::string text = std::string(100'000, 'x') + "\n" + std::string(kLimit, 'y') + "\n";
  InputStream stream(std::make_unique<MemoryByteSource>(text, 64), "'memory'");
  std::string line;
  LineState state;
  ASSERT_TRUE(ReadLine(stream, kLimit, line, state));
  EXPECT_TRUE(state.is_too_long);
  EXPECT_LE(line.capacity(), kLimit);
  ASSERT_TRUE(ReadLine(stream, kLimit, line, state));
  EXPECT_EQ(line, std::string(kLimit, 'y'));
  EXPECT_LE(line.capacity(), kLimit);
}

}  // namespace
}  // namespace rowmill
