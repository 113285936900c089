// Packed weights kept in a file: found again as they were, and nothing where a byte is not as it
// should be. Also: packing gives the bytes that it has always given.
#include "models/packed_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/testing/faulting_file_system.h"
#include "ops/matmul.h"

namespace rowmill {
namespace {

std::vector<std::byte> RandomBytes(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class PackedCacheTest : public testing::Test {
 protected:
  PackedCacheTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~PackedCacheTest() override { std::filesystem::remove_all(folder_); }

  PackedCache Open(const std::string& identity = "model 1") {
    return PackedCache(path_, identity, *file_system_, team_);
  }
  void WriteTwo() {
    PackedCache cache = Open();
    ASSERT_FALSE(cache.found());
    cache.Add("first", first_);
    cache.Add("second", second_);
    cache.Write(*file_system_);
  }
  std::string FileText() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void WriteText(const std::string& text) const {
    std::ofstream(path_, std::ios::binary).write(text.data(), std::ssize(text));
  }

  const std::string folder_ = testing::TempDir() + "/packed_cache";
  const std::string path_ = folder_ + "/weights";
  const std::unique_ptr<FileSystem> file_system_ = MakePosixFileSystem();
  ThreadTeam team_{2};
  const std::vector<std::byte> first_ = RandomBytes(5000, 1);
  const std::vector<std::byte> second_ = RandomBytes(64, 2);
};

TEST_F(PackedCacheTest, FindsWhatWasWritten) {
  WriteTwo();
  const PackedCache cache = Open();
  ASSERT_TRUE(cache.found());
  const std::span<const std::byte> first = cache.Find("first", first_.size());
  EXPECT_TRUE(std::ranges::equal(first, first_));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first.data()) % 64, 0u);
  EXPECT_TRUE(std::ranges::equal(cache.Find("second", second_.size()), second_));
  EXPECT_TRUE(cache.Find("third", 64).empty());
  EXPECT_TRUE(cache.Find("first", first_.size() + 1).empty());
}

// The file is written in pieces of 2 MiB, which know nothing of entries.
TEST_F(PackedCacheTest, EntriesLieAcrossPieces) {
  constexpr size_t kPiece = size_t{2} << 20;
  // Ends one byte before a piece does, begins at one, spans two and a half.
  const std::vector<std::vector<std::byte>> entries = {
      RandomBytes(kPiece - 4096 - 1, 3), RandomBytes(1, 4), RandomBytes(5 * kPiece / 2 + 7, 5),
      RandomBytes(kPiece, 6)};
  PackedCache written = Open();
  for (size_t i = 0; i < entries.size(); ++i) written.Add(std::to_string(i), entries[i]);
  written.Write(*file_system_);
  const PackedCache cache = Open();
  ASSERT_TRUE(cache.found());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(cache.Find(std::to_string(i), entries[i].size()), entries[i]));
  }
}

TEST_F(PackedCacheTest, IsOfOneModel) {
  WriteTwo();
  EXPECT_FALSE(Open("model 2").found());
  EXPECT_TRUE(Open().found());
}

TEST_F(PackedCacheTest, ACutFileIsNoFile) {
  WriteTwo();
  const std::string text = FileText();
  for (size_t size = 0; size < text.size(); size += size < 300 ? 1 : 37) {
    WriteText(text.substr(0, size));
    EXPECT_FALSE(Open().found()) << size;
  }
}

// Every byte is covered by a checksum, but for the zeros between entries, which nobody reads.
TEST_F(PackedCacheTest, AChangedByteIsNoticed) {
  WriteTwo();
  const std::string text = FileText();
  size_t header_end = 20;
  for (int i = 0; i < 8; ++i) {
    header_end += static_cast<size_t>(static_cast<uint8_t>(text[12 + static_cast<size_t>(i)]))
                  << (8 * i);
  }
  for (size_t at = 0; at < text.size(); at += at < header_end ? 1 : 41) {
    const bool is_content = at < header_end || (at >= 4096 && at < 4096 + first_.size()) ||
                            at >= text.size() - second_.size();
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    WriteText(changed);
    EXPECT_EQ(Open().found(), !is_content) << at;
  }
}

TEST_F(PackedCacheTest, AFailedWriteLeavesNothing) {
  WriteTwo();
  const std::string before = FileText();
  PackedCache cache = Open("model 2");
  cache.Add("first", first_);
  const std::unique_ptr<FileSystem> read_only = MakePosixFileSystem();
  std::filesystem::remove_all(folder_);
  EXPECT_THROW(cache.Write(*read_only), IoError);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(PackedCacheTest, MatricesFromItAreThosePacked) {
  const std::vector<std::byte> blocks = RandomBytes(20 * 2 * 34, 3);
  const TensorView w = {"w", DType::kQ8_0, {20, 64}, blocks};
  for (const auto mode : {PackedWeights::Mode::kNative, PackedWeights::Mode::kTwoTerms,
                          PackedWeights::Mode::kFloat}) {
    const PackedWeights packed = PackedWeights::Pack(w, mode, {}, team_);
    EXPECT_EQ(packed.bytes(), PackedWeights::PackedBytes(w, mode));
    const auto copy = std::make_shared<AlignedBuffer<std::byte>>(packed.bytes());
    std::ranges::copy(packed.packed(), copy->data());
    const PackedWeights again = PackedWeights::FromPacked(w, mode, copy->span(), copy);
    EXPECT_EQ(again.n(), packed.n());
    EXPECT_EQ(again.k(), packed.k());
    EXPECT_EQ(again.wants_two_terms(), packed.wants_two_terms());
    EXPECT_EQ(again.view().index(), packed.view().index());
    EXPECT_TRUE(std::ranges::equal(again.packed(), packed.packed()));
  }
}

// Where one of these changes, kPackedLayout in tasks/loaded_model.cc has to be raised: files that
// are kept from before would be taken for the new layout.
TEST_F(PackedCacheTest, TheLayoutIsTheOneThatIsKept) {
  std::string digests;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
                            DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ2_K, DType::kQ3_K,
                            DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    const DTypeInfo& type = GetDTypeInfo(dtype);
    // Bytes that are finite numbers in every format.
    std::vector<std::byte> bytes(18 * 512 / type.block_elements * type.block_bytes);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 % 61);
    const TensorView w = {"w", dtype, {18, 512}, bytes};
    digests += Sha256Hex(PackedWeights::Pack(w, PackedWeights::Mode::kNative, {}, team_).packed());
    digests += Sha256Hex(PackedWeights::Pack(w, PackedWeights::Mode::kFloat, {}, team_).packed());
  }
  EXPECT_EQ(Sha256Hex(AsBytes(digests)),
            "39cd41e43159c57aad7e7ac79cd9e4d15771082f09203a9057fe8cb29d3c0a7b");
}

}  // namespace
}  // namespace rowmill
