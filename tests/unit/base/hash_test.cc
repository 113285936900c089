#include "base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace rowmill {
namespace {

std::string Bytes(size_t count, char value) { return std::string(count, value); }

std::string Ascending(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += static_cast<char>(i);
  return out;
}

TEST(Crc32cTest, MatchesRfc3720) {
  EXPECT_EQ(Crc32c(AsBytes(Bytes(32, '\0'))), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(AsBytes(Bytes(32, '\xff'))), 0x62a8ab43U);
  EXPECT_EQ(Crc32c(AsBytes(Ascending(32))), 0x46dd794eU);
  std::string descending = Ascending(32);
  std::reverse(descending.begin(), descending.end());
  EXPECT_EQ(Crc32c(AsBytes(descending)), 0x113fdb5cU);
}

TEST(Crc32cTest, MatchesTheCatalogueCheckValue) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283U);
  EXPECT_EQ(Crc32c({}), 0U);
}

TEST(Crc32cTest, ContinuesAtEverySplit) {
  const std::string text = Ascending(100);
  const uint32_t whole = Crc32c(AsBytes(text));
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view view = text;
    const uint32_t first = Crc32c(AsBytes(view.substr(0, cut)));
    EXPECT_EQ(Crc32c(AsBytes(view.substr(cut)), first), whole) << "cut at " << cut;
  }
}

TEST(Crc32cTest, NoticesEachFlippedBit) {
  std::string text = Ascending(40);
  const uint32_t whole = Crc32c(AsBytes(text));
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(Crc32c(AsBytes(text)), whole);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
}

// The verification value that SMHasher publishes for MurmurHash3_x64_128: keys {}, {0}, {0, 1}, ...
// of up to 255 bytes with seeds 256 - length; the digests together are hashed with seed 0.
TEST(Digest128Test, MatchesThePublishedVerificationValue) {
  std::string digests;
  for (size_t length = 0; length < 256; ++length) {
    const Digest128 digest = ComputeDigest128(AsBytes(Ascending(length)), 256 - length);
    char raw[16];
    std::memcpy(raw, &digest.lo, 8);
    std::memcpy(raw + 8, &digest.hi, 8);
    digests.append(raw, 16);
  }
  EXPECT_EQ(static_cast<uint32_t>(ComputeDigest128(AsBytes(digests), 0).lo), 0x6384ba69U);
}

TEST(Digest128Test, TellsLengthsSeedsAndPositionsApart) {
  std::vector<Digest128> seen;
  for (size_t zeros = 0; zeros < 64; ++zeros) {
    seen.push_back(ComputeDigest128(AsBytes(Bytes(zeros, '\0')), 7));
  }
  for (uint64_t seed = 100; seed < 132; ++seed) {
    seen.push_back(ComputeDigest128(AsBytes("abc"), seed));
    seen.push_back(ComputeDigest128(AsBytes("abc"), seed << 32));
  }
  for (size_t at = 0; at < 64; ++at) {
    std::string text = Bytes(64, 'x');
    text[at] = 'y';
    seen.push_back(ComputeDigest128(AsBytes(text), 7));
  }
  for (size_t a = 0; a < seen.size(); ++a) {
    for (size_t b = a + 1; b < seen.size(); ++b) {
      EXPECT_NE(seen[a].lo, seen[b].lo) << a << ' ' << b;
      EXPECT_NE(seen[a].hi, seen[b].hi) << a << ' ' << b;
    }
  }
}

TEST(Sha256Test, MatchesFips180Examples) {
  EXPECT_EQ(Sha256Hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex(AsBytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(AsBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(AsBytes("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                              "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(Sha256Hex(AsBytes(Bytes(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, StreamsInPiecesOfAnySize) {
  const std::string text = Ascending(200);
  const std::string whole = Sha256Hex(AsBytes(text));
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    Sha256 sha;
    for (size_t at = 0; at < text.size(); at += piece) {
      sha.Update(AsBytes(std::string_view(text).substr(at, piece)));
    }
    EXPECT_EQ(Hex(sha.Finish()), whole) << "pieces of " << piece;
  }
}

// The padding has a case for each number of bytes in the last block.
TEST(Sha256Test, PadsEveryLength) {
  std::string digests;
  for (size_t length = 0; length < 130; ++length) digests += Sha256Hex(AsBytes(Bytes(length, 'a')));
  // hashlib.sha256("".join(hashlib.sha256(b"a" * n).hexdigest() for n in range(130)).encode())
  EXPECT_EQ(Sha256Hex(AsBytes(digests)),
            "c665ed20ef30f158e90c7e921d8182bc0943c4b087a82f64a18d417bcdfadce7");
}

TEST(HexTest, WritesTwoLowerCaseDigitsPerByte) {
  const uint8_t bytes[] = {0x00, 0x0f, 0xa0, 0xff};
  EXPECT_EQ(Hex(bytes), "000fa0ff");
}

}  // namespace
}  // namespace rowmill
