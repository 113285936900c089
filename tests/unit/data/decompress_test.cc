#include "data/decompress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "data/byte_sink.h"
#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Compress(Compression compression, std::string_view text) {
  std::string out;
  StringByteSink sink(out);
  const auto compressor = MakeCompressor(compression, sink);
  compressor->Write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  compressor->Finish();
  return out;
}

struct Outcome {
  std::string bytes;
  std::string damage;
};

Outcome Decompress(Compression compression, std::string_view compressed, size_t chunk = SIZE_MAX,
                   size_t buffer_bytes = 1 << 16, const DecompressLimits& limits = {}) {
  const auto source = MakeDecompressor(
      compression, std::make_unique<MemoryByteSource>(compressed, chunk), "'memory'", limits);
  Outcome outcome;
  std::string buffer(buffer_bytes, '\0');
  try {
    while (true) {
      const size_t count =
          source->Read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
      if (count == 0) break;
      outcome.bytes.append(buffer, 0, count);
    }
  } catch (const DataError& error) {
    outcome.damage = error.what();
  }
  return outcome;
}

std::string SomeText(size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) text += "row " + std::to_string(random() % 1000) + "\n";
  return text;
}

class DecompressTest : public ::testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Both, DecompressTest,
                         ::testing::Values(Compression::kGzip, Compression::kZstd),
                         [](const auto& instance) {
                           return instance.param == Compression::kGzip ? "Gzip" : "Zstd";
                         });

TEST_P(DecompressTest, RoundTripsInAnyPieces) {
  const std::string text = SomeText(5000);
  const std::string compressed = Compress(GetParam(), text);
  EXPECT_EQ(CompressionFromMagic(compressed.substr(0, 4)), GetParam());
  for (const size_t chunk : {size_t{1}, size_t{2}, size_t{5}, SIZE_MAX}) {
    for (const size_t buffer_bytes : {1, 3, 100, 100'000}) {
      const Outcome outcome = Decompress(GetParam(), compressed, chunk, buffer_bytes);
      ASSERT_EQ(outcome.damage, "") << chunk << " " << buffer_bytes;
      ASSERT_EQ(outcome.bytes, text) << chunk << " " << buffer_bytes;
    }
  }
  const std::string large = SomeText(3'000'000);
  EXPECT_EQ(Decompress(GetParam(), Compress(GetParam(), large)).bytes, large);
}

TEST_P(DecompressTest, MembersFollowEachOther) {
  const std::string two =
      Compress(GetParam(), "one\n") + Compress(GetParam(), "") + Compress(GetParam(), "two\n");
  for (const size_t chunk : {size_t{1}, size_t{3}, SIZE_MAX}) {
    const Outcome outcome = Decompress(GetParam(), two, chunk);
    EXPECT_EQ(outcome.bytes, "one\ntwo\n");
    EXPECT_EQ(outcome.damage, "");
  }
}

// D12: cut at every byte: what comes out is the beginning of the text, and the cut is told.
TEST_P(DecompressTest, CutAtEveryByte) {
  const std::string text = SomeText(300);
  const std::string compressed = Compress(GetParam(), text);
  for (size_t size = 0; size < compressed.size(); ++size) {
    const Outcome outcome = Decompress(GetParam(), compressed.substr(0, size));
    EXPECT_THAT(outcome.damage, AllOf(HasSubstr("'memory'"), HasSubstr("ends early"),
                                      HasSubstr("byte " + std::to_string(size))));
    EXPECT_TRUE(text.starts_with(outcome.bytes)) << size;
  }
  EXPECT_EQ(Decompress(GetParam(), compressed).damage, "");
}

// Every single flipped bit is either told or harmless (gzip's header has fields that mean nothing
// to the content), and never more than wrong bytes.
TEST_P(DecompressTest, FlippedBitsAreTold) {
  const std::string text = SomeText(300);
  const std::string compressed = Compress(GetParam(), text);
  size_t told = 0;
  for (size_t bit = 0; bit < compressed.size() * 8; ++bit) {
    std::string bent = compressed;
    bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
    const Outcome outcome = Decompress(GetParam(), bent);
    told += !outcome.damage.empty();
    if (outcome.damage.empty()) {
      EXPECT_EQ(outcome.bytes, text) << bit;
    }
  }
  EXPECT_GT(told, compressed.size() * 8 * 3 / 4);
}

// The sound blocks before the damage are all delivered, in whatever pieces the bytes come.
TEST_P(DecompressTest, WhatIsSoundBeforeTheDamageIsKept) {
  const std::string text = SomeText(1'000'000);
  std::string compressed = Compress(GetParam(), text);
  compressed[compressed.size() / 2] ^= 0x55;
  compressed[compressed.size() / 2 + 1] ^= 0x55;
  const Outcome whole = Decompress(GetParam(), compressed);
  EXPECT_NE(whole.damage, "");
  EXPECT_GT(whole.bytes.size(), text.size() / 3);
  for (const size_t chunk : {size_t{1}, size_t{1000}}) {
    const Outcome pieces = Decompress(GetParam(), compressed, chunk, 777);
    EXPECT_EQ(pieces.bytes.size(), whole.bytes.size()) << chunk;
    EXPECT_TRUE(pieces.bytes == whole.bytes);
  }
}

TEST_P(DecompressTest, BombsAreRefused) {
  const std::string bomb = Compress(GetParam(), std::string(4 << 20, '\0'));
  DecompressLimits limits;
  limits.free_bytes = 1 << 20;
  const Outcome outcome = Decompress(GetParam(), bomb, 64, 1 << 16, limits);
  EXPECT_THAT(outcome.damage,
              AllOf(HasSubstr("expands to more than 250 times"), HasSubstr("decompress it first")));
  EXPECT_LT(outcome.bytes.size(), size_t{2} << 20);
  // Below the free amount anything goes.
  limits.free_bytes = 8 << 20;
  EXPECT_EQ(Decompress(GetParam(), bomb, 64, 1 << 16, limits).bytes.size(), size_t{4} << 20);
}

TEST_P(DecompressTest, StartsAgain) {
  const std::string text = SomeText(2000);
  const std::string compressed = Compress(GetParam(), text);
  const auto source =
      MakeDecompressor(GetParam(), std::make_unique<MemoryByteSource>(compressed), "'memory'", {});
  for (int pass = 0; pass < 3; ++pass) {
    std::string buffer(pass == 0 ? 10 : 100'000, '\0');
    std::string bytes;
    do {
      const size_t count =
          source->Read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
      if (count == 0) break;
      bytes.append(buffer, 0, count);
    } while (pass > 0);  // The first pass stops in the middle.
    if (pass > 0) {
      EXPECT_EQ(bytes, text);
    }
    ASSERT_TRUE(source->Rewind());
  }
}

TEST(GzipTest, WhatFollowsTheStreamIsLookedAt) {
  const std::string one = Compress(Compression::kGzip, "one\n");
  const Outcome padded = Decompress(Compression::kGzip, one + std::string(1000, '\0'));
  EXPECT_EQ(padded.bytes, "one\n");
  EXPECT_EQ(padded.damage, "");
  const Outcome garbage = Decompress(Compression::kGzip, one + "garbage");
  EXPECT_EQ(garbage.bytes, "one\n");
  EXPECT_THAT(garbage.damage, HasSubstr("not gzip follows"));
  EXPECT_THAT(Decompress(Compression::kGzip, one + std::string(9, '\0') + one).damage,
              HasSubstr("behind the padding"));
}

TEST(GzipTest, AWrongChecksumIsTold) {
  std::string bent = Compress(Compression::kGzip, "one\ntwo\n");
  bent[bent.size() - 6] ^= 1;
  const Outcome outcome = Decompress(Compression::kGzip, bent);
  EXPECT_EQ(outcome.bytes, "one\ntwo\n");
  EXPECT_THAT(outcome.damage, HasSubstr("incorrect data check"));
}

TEST(ZstdTest, SkippableFramesAreSkipped) {
  const std::string skippable("\x53\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  EXPECT_EQ(CompressionFromMagic(skippable.substr(0, 4)), Compression::kZstd);
  const Outcome outcome =
      Decompress(Compression::kZstd, skippable + Compress(Compression::kZstd, "one\n") + skippable);
  EXPECT_EQ(outcome.bytes, "one\n");
  EXPECT_EQ(outcome.damage, "");
}

TEST(ZstdTest, GarbageBehindIsTold) {
  const Outcome outcome =
      Decompress(Compression::kZstd, Compress(Compression::kZstd, "one\n") + "garbage");
  EXPECT_EQ(outcome.bytes, "one\n");
  EXPECT_THAT(outcome.damage, HasSubstr("Unknown frame"));
}

}  // namespace
}  // namespace rowmill
