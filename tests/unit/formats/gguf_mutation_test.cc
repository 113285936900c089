// Cuts and changes a small file at every place of its header. What the parser then accepts has to
// be safe to use: each tensor inside the file, none over another, every row readable.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tensor/dequantize.h"
#include "unit/formats/gguf_builder.h"

namespace rowmill {
namespace {

// Reads all that the file offers; false where a view is out of range or overlaps another.
bool IsSafe(const GgufFile& file) {
  const std::byte* const begin = file.bytes().data();
  const std::byte* const end = begin + file.bytes().size();
  std::vector<std::pair<const std::byte*, const std::byte*>> ranges;
  for (const TensorView& tensor : file.tensors()) {
    const std::byte* const from = tensor.bytes.data();
    const std::byte* const to = from + tensor.bytes.size();
    if (tensor.bytes.empty() || from < begin || to > end) return false;
    ranges.emplace_back(from, to);
    std::vector<float> row(tensor.cols());
    for (uint64_t i = 0; i < tensor.rows(); ++i) DequantizeRow(tensor, i, row);
    if (file.FindTensor(tensor.name) != &tensor) return false;
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i - 1].second > ranges[i].first) return false;
  }
  for (const auto& [key, value] : file.metadata()) {
    if (file.Find(key) != &value) return false;
  }
  return true;
}

// The bytes as a heap block of exactly their size, so that a sanitizer sees a read beyond the end.
std::string ParseExactly(const std::string& bytes, bool& accepted) {
  const std::vector<std::byte> copy(AsBytes(bytes).begin(), AsBytes(bytes).end());
  accepted = false;
  try {
    const GgufFile file = GgufFile::Parse(copy, "t.gguf");
    accepted = true;
    return IsSafe(file) ? "" : "unsafe";
  } catch (const ModelError& error) {
    return error.what();
  }
}

// M02, M22
TEST(GgufMutationTest, EveryCutIsAModelError) {
  const std::string bytes = SmallFile().Build();
  bool accepted = false;
  ASSERT_EQ(ParseExactly(bytes, accepted), "");
  ASSERT_TRUE(accepted);
  // The last tensor has 30 bytes, its padding of two may be missing.
  for (size_t length = 0; length + 2 < bytes.size(); ++length) {
    const std::string failure = ParseExactly(bytes.substr(0, length), accepted);
    EXPECT_FALSE(accepted) << "cut at " << length;
    EXPECT_NE(failure.find("at byte "), std::string::npos) << failure;
  }
}

TEST(GgufMutationTest, EveryByteWithEveryValueIsRefusedOrSafe) {
  const std::string good = SmallFile().Build();
  const size_t header_bytes = SmallFile().Header().size();
  int num_accepted = 0;
  int num_refused = 0;
  for (size_t at = 0; at < header_bytes; ++at) {
    std::string bytes = good;
    for (int value = 0; value < 256; ++value) {
      bytes[at] = static_cast<char>(value);
      bool accepted = false;
      const std::string failure = ParseExactly(bytes, accepted);
      EXPECT_NE(failure, "unsafe") << "byte " << at << " = " << value;
      ++(accepted ? num_accepted : num_refused);
    }
  }
  // Both happen often; where one does not, the test looks at nothing.
  EXPECT_GT(num_accepted, 10000);
  EXPECT_GT(num_refused, 10000);
}

// The 64-bit fields are where wrapping hides: put the extremes in at every offset, aligned or not.
TEST(GgufMutationTest, ExtremeNumbersAtEveryOffsetAreRefusedOrSafe) {
  const std::string good = SmallFile().Build();
  const size_t header_bytes = SmallFile().Header().size();
  const uint64_t extremes[] = {UINT64_MAX,        uint64_t{1} << 63,       (uint64_t{1} << 63) - 1,
                               uint64_t{1} << 32, uint64_t{1} << 61,       UINT64_MAX - 31,
                               SIZE_MAX / 4,      SIZE_MAX / 34 * 32 + 32, uint64_t{0}};
  for (size_t at = 4; at + 8 <= header_bytes; ++at) {
    for (const uint64_t extreme : extremes) {
      std::string bytes = good;
      bytes.replace(at, 8, Le(extreme));
      bool accepted = false;
      EXPECT_NE(ParseExactly(bytes, accepted), "unsafe") << "byte " << at << " = " << extreme;
    }
  }
}

}  // namespace
}  // namespace rowmill
