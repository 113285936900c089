#include "hub/git_blob.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace rowmill {
namespace {

std::string Sha1Hex(const std::string& text) {
  Sha1 sha1;
  sha1.Update(AsBytes(text));
  return Hex(sha1.Finish());
}

// FIPS 180-4's own examples, and lengths around a block.
TEST(GitBlob, Sha1OfKnownTexts) {
  EXPECT_EQ(Sha1Hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(Sha1Hex(std::string(1000000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(GitBlob, PiecesAreOneText) {
  for (size_t length : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 119u, 120u, 128u}) {
    const std::string text(length, 'x');
    Sha1 sha1;
    for (char c : text) sha1.Update(AsBytes(std::string(1, c)));
    EXPECT_EQ(Hex(sha1.Finish()), Sha1Hex(text)) << length;
  }
}

// What `git hash-object` says.
TEST(GitBlob, NameOfAFile) {
  EXPECT_EQ(Sha1Hex(GitBlobHeader(0)), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(Sha1Hex(GitBlobHeader(6) + "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace rowmill
