#include "text/unicode_nfc.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "text/utf8.h"

namespace rowmill {
namespace {

std::string Nfc(std::string_view text) {
  std::string out;
  AppendNfc(text, out);
  return out;
}

std::string Utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) AppendUtf8(static_cast<uint32_t>(c), out);
  return out;
}

// Examples of UAX #15, figures 3 to 6, and Hangul.
TEST(UnicodeNfcTest, ComposesAsTheStandardShows) {
  EXPECT_EQ(Nfc("plain"), "plain");
  EXPECT_EQ(Nfc(Utf8(U"e\u0301")), Utf8(U"\u00e9"));
  EXPECT_EQ(Nfc(Utf8(U"\u212b")), Utf8(U"\u00c5"));         // singleton
  EXPECT_EQ(Nfc(Utf8(U"s\u0307\u0323")), Utf8(U"\u1e69"));  // reordered, then composed
  EXPECT_EQ(Nfc(Utf8(U"\u1e9b\u0323")), Utf8(U"\u1e9b\u0323"));
  EXPECT_EQ(Nfc(Utf8(U"q\u0307\u0323")), Utf8(U"q\u0323\u0307"));
  EXPECT_EQ(Nfc(Utf8(U"\ufb01")), Utf8(U"\ufb01"));  // compatibility forms stay
  EXPECT_EQ(Nfc(Utf8(U"\u1112\u1161\u11ab")), Utf8(U"\ud55c"));
  EXPECT_EQ(Nfc(Utf8(U"\u0958")), Utf8(U"\u0915\u093c"));  // composition exclusion
}

TEST(UnicodeNfcTest, EqualsTheLibrarysOwnFormOnShortText) {
  std::mt19937 random(21);
  for (int round = 0; round < 30'000; ++round) {
    std::string text;
    for (size_t i = random() % 12; i > 0; --i) {
      const auto in = [&](uint32_t low, uint32_t high) {
        return static_cast<char32_t>(low + random() % (high - low));
      };
      const char32_t kinds[] = {in(0x41, 0x5B),     in(0xC0, 0x250),     in(0x300, 0x370),
                                in(0x1100, 0x1200), in(0xAC00, 0xD7A4),  in(0x1E00, 0x2000),
                                in(0x900, 0xA00),   in(0x1D150, 0x1D1A0)};
      AppendUtf8(static_cast<uint32_t>(kinds[random() % std::size(kinds)]), text);
    }
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    ASSERT_GE(size, 0);
    const std::string expected(reinterpret_cast<char*>(mapped), static_cast<size_t>(size));
    std::free(mapped);
    ASSERT_EQ(Nfc(text), expected) << round;
    ASSERT_EQ(Nfc(expected), expected) << round;
  }
}

// P01: a run of 200,000 marks in the worst order.
TEST(UnicodeNfcTest, LongRunsOfMarksAreOrderedInTime) {
  std::string text = "a";
  for (int i = 0; i < 100'000; ++i) text += Utf8(U"\u0301\u0323");
  const auto start = std::chrono::steady_clock::now();
  const std::string out = Nfc(text);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds.count(), 5.0);
  EXPECT_TRUE(out.starts_with(Utf8(U"\u1ea1\u0323\u0323")));
  EXPECT_TRUE(out.ends_with(Utf8(U"\u0301\u0301")));
}

}  // namespace
}  // namespace rowmill
